import { describe, expect, it } from 'vitest';
import {
  add,
  constant,
  type DType,
  type Program,
  ProgramBuilder,
  type ProgramInput,
  pad,
  softmax,
} from '../spec/program/index.js';
import { checkProgram } from './check.js';

const builder = new ProgramBuilder('step');
const x = builder.input('x', 'f32', [2, 3], 'data');
const w = builder.input('w', 'f32', [2, 3], 'parameter');
builder.output('y', softmax(add(x, w)));
builder.output('w', add(w, 1));
const VALID: Program = builder.finish();

function withOperation(index: number, change: object): Program {
  const operations = VALID.operations.map((operation, i) =>
    i === index ? { ...operation, ...change } : operation,
  );
  return { ...VALID, operations } as Program;
}

describe('checkProgram', () => {
  it('accepts what the builder makes', () => {
    expect(() => checkProgram(VALID)).not.toThrow();
  });

  // The parser's tests hold more cases: it uses the same checks.
  it.each<readonly [string, Program, RegExp]>([
    [
      'an illegal name of the program',
      { ...VALID, name: 'a b' },
      /the name of the program is not legal; got a b/,
    ],
    [
      'an operand before its declaration',
      { ...VALID, operations: [...VALID.operations].reverse() },
      /^step: .*not declared before/,
    ],
    [
      'a removed operation',
      { ...VALID, operations: VALID.operations.slice(1) },
      /^step: softmax = call softmax: a value is used that is not declared before; got %add/,
    ],
    [
      'an operation given twice',
      { ...VALID, operations: VALID.operations.flatMap((o) => [o, o]) },
      /^step: add = add: two values have one name/,
    ],
    [
      'a wrong type',
      withOperation(0, { results: [{ name: 'add', dtype: 'f32', shape: [3, 2] }] }),
      /^step: add = add: %add has the wrong type; got f32\[3,2\], expected f32\[2,3\]/,
    ],
    [
      'a missing operand',
      withOperation(0, { operands: ['x'] }),
      /^step: add = add: add: the number of operands is wrong; got 1, expected 2/,
    ],
    [
      'a missing result',
      withOperation(1, { results: [] }),
      /call softmax: the number of results is wrong; got 0, expected 1/,
    ],
    [
      'an unknown operation',
      withOperation(0, { op: 'toString' }),
      /^step: add = toString: there is no such operation; got toString/,
    ],
    [
      'an unknown composite',
      withOperation(1, { composite: 'toString' }),
      /no composite has this name; got toString/,
    ],
    [
      'an attribute that is absent',
      withOperation(2, { attributes: { dtype: 'f32', shape: [] } }),
      /constant = constant: attribute data: an attribute is missing; expected a list of numbers/,
    ],
    [
      'an attribute too many',
      withOperation(0, { attributes: { axis: 1 } }),
      /add: there is no such attribute; got axis, expected none/,
    ],
    [
      'an output of no value',
      { ...VALID, outputs: [{ name: 'y', value: 'z' }] },
      /^step: output y: a value is used that is not declared before; got %z/,
    ],
    [
      'a state output of another type',
      {
        ...VALID,
        inputs: VALID.inputs.map(
          (i): ProgramInput => (i.name === 'x' ? { ...i, role: 'counter' } : i),
        ),
        outputs: [{ name: 'x', value: 'constant' }],
      },
      /^step: output x: %constant has the wrong type; got f32\[\], expected f32\[2,3\]/,
    ],
  ])('refuses %s', (_, program, message) => {
    expect(() => checkProgram(program)).toThrow(message);
  });

  it('lets an output that is named as a data input have any type', () => {
    const outputs = [{ name: 'x', value: 'constant' }];
    expect(() => checkProgram({ ...VALID, outputs })).not.toThrow();
  });

  it.each<readonly [DType, readonly number[], readonly number[]]>([
    ['i32', [2 ** 31 - 1, -(2 ** 31), 0], [2 ** 31, -(2 ** 31) - 1, 0.5, -0, NaN, Infinity]],
    ['u8', [0, 255], [256, -1, 0.5, -0, NaN]],
    ['bool', [0, 1], [2, -1, 0.5, -0, NaN]],
    ['f64', [Number.MAX_VALUE, -0, NaN, -Infinity], []],
    ['f32', [3.4028235e38, 1e-60, -0, NaN, Infinity], [3.4028236e38, -1e39]],
    ['f16', [65504, 65519.9, -0, NaN, Infinity], [65520, -1e6]],
    ['bf16', [3.39e38, -0, NaN, Infinity], [3.4e38, -1e39]],
  ])('knows which literals %s has', (dtype, legal, illegal) => {
    const program = (value: number): Program => {
      const literals = new ProgramBuilder('literals');
      literals.output('y', constant(literals, [value], { dtype }));
      return literals.finish();
    };
    for (const value of legal) expect(() => checkProgram(program(value)), `${value}`).not.toThrow();
    for (const value of illegal) {
      expect(() => checkProgram(program(value)), `${value}`).toThrow(
        `element 0: a literal is out of the range of ${dtype}`,
      );
    }
  });

  it('holds the value of a pad to the type that it pads', () => {
    const padded = new ProgramBuilder('padded');
    padded.output('y', pad(padded.input('x', 'i32', [1], 'data'), [0], [1], 0.5));
    expect(() => checkProgram(padded.finish())).toThrow(/out of the range of i32; got 0.5/);
  });
});
