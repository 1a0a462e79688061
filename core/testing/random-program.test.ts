import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpret } from '../../reference/index.js';
import { COMPOSITES, PRIMITIVE_NAMES } from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { checkProgram } from '../check.js';

import { randomInputs } from './random-inputs.js';
import { MAKERS } from './random-operations.js';
import { randomProgram } from './random-program.js';

const lists = fc.array(fc.nat(), { maxLength: 300, size: 'max' });

describe('random programs', () => {
  it('know how to make every primitive and every composite', () => {
    expect(Object.keys(MAKERS).sort()).toEqual([...PRIMITIVE_NAMES, ...COMPOSITES.keys()].sort());
  });

  it('are valid, run on random inputs, and contain each operation somewhere', () => {
    const seen = new Set<string>();
    const stream = new RandomStream({ seed: 1, stream: 'test' });
    for (let run = 0; run < 300; run++) {
      const list = Array.from({ length: run }, () => stream.word());
      const program = randomProgram(list, { floats: ['f32', 'f64', 'f16', 'bf16'] });
      checkProgram(program);
      for (const operation of program.operations) {
        seen.add(operation.op === 'call' ? operation.composite : operation.op);
      }
      const outputs = interpret(program, randomInputs(program, list));
      expect(Object.keys(outputs)).toHaveLength(program.outputs.length);
    }
    expect(Object.keys(MAKERS).filter((name) => !seen.has(name))).toEqual([]);
  });

  it('stay finite where they are asked to be tame', () => {
    fc.assert(
      fc.property(lists, lists, (list, data) => {
        const program = randomProgram(list, { tame: true });
        const outputs = interpret(program, randomInputs(program, data, { tame: true }));
        for (const { data: elements } of Object.values(outputs)) {
          expect(elements.every(Number.isFinite)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
