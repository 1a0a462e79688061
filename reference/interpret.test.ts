import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import {
  add,
  cast,
  compare,
  concat,
  type DType,
  gather,
  iota,
  matmul,
  maximum,
  mul,
  neg,
  type Program,
  ProgramBuilder,
  pad,
  type Shape,
  scatterAdd,
  select,
  slice,
  softmax,
  sum,
  transpose,
  type Value,
} from '../spec/program/index.js';
import { interpret } from './interpret.js';

const f32 = (shape: Shape, ...data: number[]): HostTensor => ({
  dtype: 'f32',
  shape,
  data: Float64Array.from(data),
});
const i32 = (shape: Shape, ...data: number[]): HostTensor => ({
  dtype: 'i32',
  shape,
  data: Int32Array.from(data),
});

/** The elements of what `body` makes of the inputs, called x0, x1, ... */
function run(body: (...values: Value[]) => Value, ...inputs: HostTensor[]): number[] {
  const builder = new ProgramBuilder('test');
  const values = inputs.map(({ dtype, shape }, k) => builder.input(`x${k}`, dtype, shape, 'data'));
  builder.output('y', body(...values));
  const named = Object.fromEntries(inputs.map((input, k) => [`x${k}`, input]));
  return [...(interpret(builder.finish(), named).y?.data ?? [])];
}

describe('interpret', () => {
  it('multiplies matrices with either side transposed', () => {
    const a = f32([2, 3], 1, 2, 3, 4, 5, 6);
    const b = f32([3, 2], 7, 8, 9, 10, 11, 12);
    const flat = [58, 64, 139, 154];
    expect(run((x, y) => matmul(x as Value, y as Value), a, b)).toEqual(flat);
    const across = (x: Value): Value => transpose(x, [1, 0]);
    expect(
      run(
        (x, y) =>
          matmul(across(x as Value), across(y as Value), { transposeA: true, transposeB: true }),
        a,
        b,
      ),
    ).toEqual(flat);
  });

  it('multiplies each matrix of a batch with its own', () => {
    const a = f32([2, 1, 2], 1, 2, 3, 4);
    const b = f32([2, 2, 1], 1, 10, 100, 1000);
    expect(run((x, y) => matmul(x as Value, y as Value), a, b)).toEqual([21, 4300]);
  });

  it('gives zeros for a product over an empty axis', () => {
    expect(run((x, y) => matmul(x as Value, y as Value), f32([2, 0]), f32([0, 1]))).toEqual([0, 0]);
  });

  it('transposes by the permutation, not by its inverse', () => {
    const x = f32([1, 2, 3], 1, 2, 3, 4, 5, 6);
    // result[k, i, j] = x[i, j, k]
    expect(run((v) => transpose(v as Value, [2, 0, 1]), x)).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it('broadcasts with shapes aligned at the last axis', () => {
    const [row, column] = [f32([3], 1, 2, 3), f32([2, 1], 10, 20)];
    expect(run((a, b) => add(a as Value, b as Value), row, column)).toEqual([
      11, 12, 13, 21, 22, 23,
    ]);
  });

  it('slices, pads and concatenates on any axis', () => {
    const x = f32([2, 3], 1, 2, 3, 4, 5, 6);
    expect(run((v) => slice(v as Value, 1, 1, 3), x)).toEqual([2, 3, 5, 6]);
    expect(run((v) => slice(v as Value, 0, 2, 2), x)).toEqual([]);
    expect(run((v) => pad(v as Value, [0, 1], [1, 0], 9), x)).toEqual([
      9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9,
    ]);
    const y = f32([2, 1], 7, 8);
    expect(run((a, b) => concat([a as Value, b as Value], 1), x, y)).toEqual([
      1, 2, 3, 7, 4, 5, 6, 8,
    ]);
  });

  it('reduces any axes, and an empty axis to zero', () => {
    const x = f32([2, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8);
    expect(run((v) => sum(v as Value, [0, 2]), x)).toEqual([14, 22]);
    expect(run((v) => sum(v as Value), x)).toEqual([36]);
    expect(run((v) => maximum(v as Value, [1]), x)).toEqual([3, 4, 7, 8]);
    expect(run((v) => sum(v as Value, [1]), f32([2, 0]))).toEqual([0, 0]);
    expect(run((v) => maximum(v as Value), f32([3], -3, -1, -2))).toEqual([-1]);
  });

  it('reduces integers exactly', () => {
    const x = i32([2, 3], 5, -7, 2, 2147483647, 1, 0);
    expect(run((v) => maximum(v as Value, [1]), x)).toEqual([5, 2147483647]);
    expect(run((v) => sum(v as Value, [1]), x)).toEqual([0, -2147483648]);
  });

  it('gathers rows within each batch', () => {
    const x = f32([2, 3, 1], 1, 2, 3, 4, 5, 6);
    const indices = i32([2, 2], 2, 0, 1, 1);
    expect(run((a, b) => gather(a as Value, b as Value, 1), x, indices)).toEqual([3, 1, 5, 5]);
  });

  it('adds up updates with equal indices', () => {
    const updates = f32([4, 2], 1, 2, 3, 4, 5, 6, 7, 8);
    const body = (a?: Value, b?: Value): Value => scatterAdd(a as Value, b as Value, 0, 3);
    expect(run(body, i32([4], 2, 0, 2, 2), updates)).toEqual([3, 4, 0, 0, 13, 16]);
  });

  it('cuts towards zero when it casts to integers', () => {
    const x = f32([4], 1.9, -1.9, -0.5, 2);
    expect(run((v) => cast(v as Value, 'i32'), x)).toEqual([1, -1, 0, 2]);
    expect(run((v) => cast(v as Value, 'bool'), f32([3], 0, -0, 0.25))).toEqual([0, 0, 1]);
  });

  it('selects by comparisons, which NaN always fails but for ne', () => {
    const x = f32([3], 1, 2, Number.NaN);
    const body = (v?: Value): Value => {
      const value = v as Value;
      return select(compare(value, 'ge', 2), iota(value.builder, [3], 0), -1);
    };
    expect(run(body, x)).toEqual([-1, 1, -1]);
    expect(run((v) => cast(compare(v as Value, 'ne', v as Value), 'f32'), x)).toEqual([0, 0, 1]);
  });

  it('executes composites by their bodies', () => {
    const [first, second] = run((v) => softmax(v as Value), f32([1, 2], 0, Math.log(3)));
    expect(first).toBeCloseTo(0.25, 15);
    expect(second).toBeCloseTo(0.75, 15);
  });

  it('returns doubles that were never rounded to f32', () => {
    const builder = new ProgramBuilder('thirds');
    builder.output('y', mul(builder.input('x', 'f32', [], 'data'), 1 / 3));
    const { y } = interpret(builder.finish(), { x: f32([], 1) });
    expect(y).toEqual({ dtype: 'f32', shape: [], data: Float64Array.of(1 / 3) });
  });

  it('gives any intermediate value that is asked for', () => {
    const builder = new ProgramBuilder('observed');
    const x = builder.input('x', 'f32', [2], 'data');
    const doubled = builder.scope('inner', () => mul(x, 2));
    builder.output('y', neg(doubled));
    const results = interpret(builder.finish(), { x: f32([2], 1, 2) }, { observe: ['inner.mul'] });
    expect(results['inner.mul']?.data).toEqual(Float64Array.of(2, 4));
    expect(results.y?.data).toEqual(Float64Array.of(-2, -4));
  });

  it('reads bfloat16 and half-precision bit patterns', () => {
    const read = (dtype: DType, bits: number): number | undefined =>
      run((v) => cast(v as Value, 'f64'), { dtype, shape: [1], data: Uint16Array.of(bits) })[0];
    expect(read('bf16', 0x3fc0)).toBe(1.5);
    expect(read('f16', 0xc100)).toBe(-2.5);
    expect(read('f16', 0x0001)).toBe(2 ** -24);
    expect(read('f16', 0x7c00)).toBe(Infinity);
  });
});

describe('interpret refuses', () => {
  const message = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (error instanceof LacunaError) return error.message;
      throw error;
    }
    return 'nothing';
  };

  it('an index out of range, and names the program and the result', () => {
    const action = (index: number) => () =>
      run((a, b) => gather(a as Value, b as Value, 0), f32([3], 1, 2, 3), i32([1], index));
    expect(message(action(3))).toBe(
      'test: gather: index 0 is out of range; got 3, expected within [0, 3).',
    );
    expect(message(action(-1))).toContain('got -1');
  });

  it('an index out of range of a scatter', () => {
    const body = (a?: Value, b?: Value): Value => scatterAdd(a as Value, b as Value, 0, 2);
    expect(message(() => run(body, i32([1], 2), f32([1], 1)))).toContain('scatter_add');
  });

  it('a cast that the integer type cannot hold', () => {
    const action = (x: number) => () => run((v) => cast(v as Value, 'i32'), f32([1], x));
    expect(message(action(3e9))).toContain('outside i32');
    expect(message(action(Number.NaN))).toContain('got NaN');
  });

  it('inputs that are missing or of another type, shape or length', () => {
    const builder = new ProgramBuilder('inputs');
    builder.output('y', builder.input('x', 'f32', [2], 'data'));
    const program = builder.finish();
    const outcome = (inputs: Record<string, HostTensor>): string =>
      message(() => interpret(program, inputs));
    expect(outcome({})).toContain('inputs: x: an input is missing');
    expect(outcome({ x: f32([3], 1, 2, 3) })).toContain('got f32[3], expected f32[2]');
    expect(outcome({ x: f32([2], 1) })).toContain('Float64Array of 1');
    expect(outcome({ x: { ...i32([2], 1, 2), dtype: 'f32' } })).toContain('Int32Array of 2');
  });

  it('a result that is declared with another type than it has', () => {
    const program: Program = {
      name: 'declared',
      inputs: [{ name: 'x', dtype: 'f32', shape: [2], role: 'data' }],
      operations: [
        {
          op: 'call',
          composite: 'softmax',
          operands: ['x'],
          attributes: {},
          results: [{ name: 'y', dtype: 'f32', shape: [3] }],
        },
      ],
      outputs: [{ name: 'y', value: 'y' }],
    };
    expect(message(() => interpret(program, { x: f32([2], 1, 2) }))).toBe(
      'declared: y: a result is declared with another type than it has; got f32[3], expected f32[2].',
    );
  });
});
