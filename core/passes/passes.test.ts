import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpret } from '../../reference/index.js';
import { COMPOSITES, type Program } from '../../spec/program/index.js';
import type { HostTensor, Named } from '../backend.js';
import { checkProgram } from '../check.js';
import { randomInputs } from '../testing/random-inputs.js';
import { randomProgram } from '../testing/random-program.js';
import {
  expand,
  foldConstants,
  recompute,
  removeDeadCode,
  retype,
  shareCommonSubexpressions,
  simplify,
} from './index.js';

// Only f64 programs: the reference computes f32 in f64, folding rounds to f32.
const lists = fc.array(fc.nat(), { maxLength: 300, size: 'max' });
const PASSES: readonly (readonly [string, (program: Program) => Program])[] = [
  ['foldConstants', foldConstants],
  ['shareCommonSubexpressions', shareCommonSubexpressions],
  ['removeDeadCode', removeDeadCode],
  ['simplify', simplify],
  ['expand', expand],
  ['expand of all but attention', (program) => expand(program, (name) => name === 'attention')],
  ['recompute', (program) => recompute(program, ['gelu'])],
  ['expand, then simplify', (program) => simplify(expand(program))],
];

describe.each(PASSES)('%s', (_, pass) => {
  it('gives a valid program of the same inputs and outputs with the same results, bit for bit', () => {
    fc.assert(
      fc.property(lists, lists, (list, data) => {
        const program = randomProgram(list, { floats: ['f64'] });
        const passed = pass(program);
        checkProgram(passed);
        expect(passed.inputs).toEqual(program.inputs);
        expect(passed.outputs.map(({ name }) => name)).toEqual(
          program.outputs.map(({ name }) => name),
        );
        const inputs = randomInputs(program, data);
        expect(plain(interpret(passed, inputs))).toStrictEqual(plain(interpret(program, inputs)));
      }),
      { numRuns: 150 },
    );
  });

  it('changes nothing when it is applied again', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const once = pass(randomProgram(list));
        expect(pass(once)).toEqual(once);
      }),
      { numRuns: 50 },
    );
  });
});

describe('expand', () => {
  it('leaves no call of what is not kept', () => {
    fc.assert(
      fc.property(lists, (list) => {
        for (const kept of COMPOSITES.keys()) {
          const { operations } = expand(randomProgram(list), (name) => name === kept);
          for (const operation of operations) {
            expect(operation.op === 'call' ? operation.composite : kept).toBe(kept);
          }
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('retype', () => {
  it('gives the valid program that the f64 builder would have given', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const retyped = retype(randomProgram(list), 'f64');
        checkProgram(retyped);
        expect(retyped).toEqual(randomProgram(list, { floats: ['f64'] }));
      }),
      { numRuns: 100 },
    );
  });
});

/** Results that `toStrictEqual` compares by their bits, but for the payload of NaN. */
function plain(results: Named<HostTensor>): Named<{ readonly data: readonly number[] }> {
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [name, { ...tensor, data: [...tensor.data] }]),
  );
}
