import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import {
  add,
  constant,
  type Program,
  ProgramBuilder,
  softmax,
  sum,
} from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { randomProgram } from '../testing/random-program.js';
import { parseProgram, printComposites, printProgram, programDigest } from './index.js';

const lists = fc.array(fc.nat(), { maxLength: 300, size: 'max' });
const floats = ['f32', 'f64', 'f16', 'bf16'] as const;

describe('the text of a program', () => {
  it('gives the same program back, bits of literals included', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const program = randomProgram(list, { floats });
        const text = printProgram(program);
        const parsed = parseProgram(text);
        expect(parsed).toStrictEqual(program); // tells -0 from 0
        expect(printProgram(parsed)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same program back when the composites are printed behind it', () => {
    fc.assert(
      fc.property(lists, (list) => {
        const program = randomProgram(list, { floats });
        const text = printProgram(program) + printComposites(program);
        expect(parseProgram(text)).toStrictEqual(program);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps every float64 exactly', () => {
    const double = fc.oneof(
      fc.double(),
      fc.constantFrom(-0, 5e-324, 2 ** 53 + 2, 1e21, 1e-7, Number.MAX_VALUE, 0.1 + 0.2),
    );
    fc.assert(
      fc.property(fc.array(double, { minLength: 1, maxLength: 20 }), (data) => {
        const program = literals(data);
        expect(parseProgram(printProgram(program))).toStrictEqual(program);
      }),
    );
  });

  it('spells the numbers that JSON has not', () => {
    const text = printProgram(literals([-0, Number.NaN, Infinity, -Infinity, 1e-12, 1e21]));
    expect(text).toContain('data=[-0,nan,inf,-inf,1e-12,1e+21]');
  });

  it('does not depend on the order in which attributes were given', () => {
    const program = literals([1]);
    const operations = program.operations.map((operation) => ({
      ...operation,
      attributes: Object.fromEntries(Object.entries(operation.attributes).reverse()),
    }));
    const other = { ...program, operations } as Program;
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(program));
    expect(printProgram(other)).toBe(printProgram(program));
  });

  it('is accepted in no other form: one character changed gives an error or another program', () => {
    const stream = new RandomStream({ seed: 3, stream: 'test' });
    const program = randomProgram(Array.from({ length: 200 }, () => stream.word()));
    const text = printProgram(program);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(94), (at, code) => {
        const changed = text.slice(0, at) + String.fromCharCode(32 + code) + text.slice(at + 1);
        const result = attempt(() => printProgram(parseProgram(changed)));
        expect(result === changed || result instanceof LacunaError).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the meanings of composites', () => {
  const builder = new ProgramBuilder('twice');
  const x = builder.input('x', 'f32', [2, 3], 'data');
  builder.output('y', add(softmax(x), softmax(softmax(x))));
  const program = builder.finish();

  it('are given once for each combination of types', () => {
    expect(printComposites(program).match(/^define softmax\(x\)$/gm)).toHaveLength(1);
  });

  it('are absent where nothing is called', () => {
    expect(printComposites(literals([1]))).toBe('');
  });

  it('are refused where they say something else, with the line', () => {
    const text = (printProgram(program) + printComposites(program)).replace('exp %sub', 'neg %sub');
    expect(() => parseProgram(text)).toThrow(
      /line 16: what follows the program is not the meaning of its composites.*got '%exp = neg/,
    );
  });

  it('are refused where one is missing, or something follows them', () => {
    const composites = printComposites(program);
    expect(() => parseProgram(printProgram(program) + composites.slice(0, -4))).toThrow(/line 21/);
    expect(() => parseProgram(`${printProgram(program) + composites}\n`)).toThrow(/line 22/);
    expect(() => parseProgram(`${printProgram(literals([1]))}end\n`)).toThrow(
      /got 'end', expected the end of the text/,
    );
  });

  it('count in the digest', () => {
    expect(programDigest(program)).toMatch(/^[0-9a-f]{64}$/);
    expect(programDigest(program)).toBe(programDigest(parseProgram(printProgram(program))));
    expect(programDigest(program)).not.toBe(programDigest({ ...program, name: 'other' }));
  });
});

function literals(data: readonly number[]): Program {
  const builder = new ProgramBuilder('literals', { float: 'f64' });
  builder.output('sum', sum(constant(builder, data)));
  return builder.finish();
}

function attempt(run: () => string): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
