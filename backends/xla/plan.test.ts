import { describe, expect, it } from 'vitest';
import { capable } from '../../core/testing/capability.js';
import { matmul, mul, ProgramBuilder, sub, sum } from '../../spec/program/index.js';
import { XLA } from './index.js';
import { planSplit } from './plan.js';

const probe = await XLA.probe();
const here = capable('xla', probe.available ? undefined : probe.reason);

/** A step of gradient descent on the mean of (x w)^2 / 2, over a batch of 8. */
function step(): ReturnType<ProgramBuilder['finish']> {
  const builder = new ProgramBuilder('step');
  const x = builder.input('x', 'f32', [8, 16], 'data');
  const w = builder.input('w', 'f32', [16, 32], 'parameter');
  const table = builder.input('table', 'f32', [32], 'data');
  const y = mul(matmul(x, w), table);
  builder.output('w', sub(w, mul(matmul(x, mul(y, table), { transposeA: true }), 1 / 8)));
  builder.output('loss', mul(sum(mul(y, y), [0, 1]), 1 / 16));
  return builder.finish();
}

describe('a step compiled for several devices', () => {
  it('is refused where the batch does not divide, and for an unknown target', async () => {
    await expect(planSplit(step(), 6, 'cpux4')).rejects.toThrow(
      'cpux4: the batch does not divide by the devices; got 6 clips for 4 devices. Take a multiple of 4',
    );
    await expect(planSplit(step(), 8, 'h100')).rejects.toThrow(
      'there is no target of this name; got h100, expected cpuxN, h100xN or v5exN',
    );
    await expect(planSplit(step(), 8, 'cpux2', { precision: 'mixed' })).rejects.toThrow(
      'one of f32, tf32, bf16',
    );
  });

  it.skipIf(!here)('adds gradients up among them, and sends nothing else', async () => {
    const split = await planSplit(step(), 8, 'cpux2');
    const { collectives, ...rest } = split;
    expect(rest).toMatchObject({ devices: 2, kind: 'cpu', split: ['x'], whole: ['table'] });
    // Two products of a half of the rows.
    expect(rest).toMatchObject({ counted: 'products', gflop: (2 * 2 * 4 * 16 * 32) / 1e9 });
    // The rows of x by halves; w and the table whole.
    expect(split.inputs).toBe(4 * (4 * 16 + 16 * 32 + 32));
    expect(Object.keys(collectives)).toEqual(['all-reduce']);
    expect(collectives['all-reduce']?.bytes).toBe(4 * (16 * 32 + 1));
    expect(collectives['all-reduce']?.largest).toBe('f32[16,32]');
  });

  it.skipIf(!here)(
    'has a part of the weights on each, and gathers them, where state is sharded',
    async () => {
      const split = await planSplit(step(), 8, 'cpux2', { shardState: true });
      expect(split.inputs).toBe(4 * (4 * 16 + (16 * 32) / 2 + 32));
      // And the addresses of both.
      expect(split.outputs).toBe(4 * ((16 * 32) / 2 + 1) + 2 * 8);
      expect(split.collectives['all-gather']).toEqual({
        count: 1,
        bytes: 4 * 16 * 32,
        largest: 'f32[16,32]',
      });
      // Nothing that has rows of the batch is sent.
      const { 'all-gather': _, ...others } = split.collectives;
      const sent = Object.values(others).map(({ largest }) => largest);
      expect(sent.filter((name) => !['f32[16,32]', 'f32[8,32]', 'f32[]'].includes(name))).toEqual(
        [],
      );
    },
  );
});
