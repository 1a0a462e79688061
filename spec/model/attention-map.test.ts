import { expect, it } from 'vitest';
import { stepInputs, TINY_CONTRASTIVE, TINY_MAE } from '../../conformance/steps/tiny-step.js';
import { interpret } from '../../reference/index.js';
import { ProgramBuilder } from '../program/index.js';
import { attentionMapModel, centreToken } from './attention-map.js';

it.each([
  ['without a class token', TINY_MAE, 0],
  ['with a class token', TINY_CONTRASTIVE, 1],
])('is the softmax of the centre query over all keys, %s', (_, { video, encoder }, classTokens) => {
  const deep = { ...encoder, depth: 2 };
  const model = attentionMapModel({ video, encoder: deep }, { batch: 2 });
  const calls = model.program.operations.filter(
    (operation) => operation.op === 'call' && operation.composite === 'attention',
  );
  const extended = ProgramBuilder.extend(model.program);
  calls.forEach(({ operands: [q = '', k = ''] }, block) => {
    extended.output(`q${block}`, extended.value(q));
    extended.output(`k${block}`, extended.value(k));
  });
  const inputs = stepInputs(model.program, model.state, { batch: 2, visible: 8, draw: 3 });
  const outputs = interpret(extended.finish(), inputs);
  const attention = outputs.attention?.data as Float64Array;
  expect(outputs.attention?.shape).toEqual([2, 2, 8]);
  const [heads, size, tokens] = [2, 3, 8 + classTokens];
  for (let clip = 0; clip < 2; clip++) {
    for (let block = 0; block < 2; block++) {
      const want = new Array<number>(8).fill(0);
      for (let head = 0; head < heads; head++) {
        const at = (name: string, token: number, i: number): number =>
          outputs[name]?.data[((clip * heads + head) * tokens + token) * size + i] as number;
        const query = centreToken(video) + classTokens;
        const powers = Array.from({ length: tokens }, (_, token) => {
          let dot = 0;
          for (let i = 0; i < size; i++)
            dot += at(`q${block}`, query, i) * at(`k${block}`, token, i);
          return Math.exp(dot / Math.sqrt(size));
        });
        const total = powers.reduce((a, b) => a + b, 0);
        want.forEach((sum, token) => {
          want[token] = sum + (powers[token + classTokens] as number) / total / heads;
        });
      }
      const got = attention.subarray((clip * 2 + block) * 8, (clip * 2 + block + 1) * 8);
      want.forEach((share, token) => {
        expect(got[token]).toBeCloseTo(share, 12);
      });
    }
  }
});

it('asks the token in the middle of the clip', () => {
  // Of 8 slots of 14 x 14 places: slot 4, row 7, column 7.
  expect(centreToken({ frames: 16, size: 224, tubelet: 2, patch: 16 })).toBe(4 * 196 + 7 * 14 + 7);
});
