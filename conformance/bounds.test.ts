import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import { type Bounds, bounds, type FloatBounds, interpret } from '../reference/index.js';
import { CONTRACTS } from '../spec/contracts/index.js';
import {
  add,
  cast,
  compare,
  div,
  exp,
  log,
  matmul,
  mul,
  ProgramBuilder,
  type Shape,
  select,
  sqrt,
  square,
  sub,
  sum,
  type Value,
} from '../spec/program/index.js';

const U = 2 ** -24;

function boundsOf(
  body: (...values: Value[]) => Value,
  inputs: readonly (readonly number[])[],
  shape?: Shape,
): Bounds {
  const builder = new ProgramBuilder('test');
  const named: Record<string, HostTensor> = {};
  const values = inputs.map((data, k) => {
    const own = shape ?? [data.length];
    named[`x${k}`] = { dtype: 'f32', shape: own, data: Float32Array.from(data) };
    return builder.input(`x${k}`, 'f32', own, 'data');
  });
  builder.output('y', body(...values));
  return bounds(builder.finish(), named, CONTRACTS['f32-ieee']).y as Bounds;
}

function floatBoundsOf(...parameters: Parameters<typeof boundsOf>): FloatBounds {
  const result = boundsOf(...parameters);
  if (!('value' in result)) throw new Error('no floats');
  return result;
}

const radius = ({ low, high }: FloatBounds, i = 0): number =>
  ((high[i] as number) - (low[i] as number)) / 2;

describe('bounds for f32-ieee', () => {
  it('hold the exact and the rounded result of one operation on exact numbers, no more', () => {
    const { low, high, value } = floatBoundsOf((a, b) => add(a as Value, b as Value), [[1], [U]]);
    expect([value[0], low[0], high[0]]).toEqual([1 + U, 1, 1 + U]);
    expect(radius(floatBoundsOf((a, b) => add(a as Value, b as Value), [[1], [2]]))).toBe(0);
  });

  it('grow by gamma_(n-1) times the sum of sizes in a sum', () => {
    const data = Array.from({ length: 1000 }, (_, i) => (i % 2 === 0 ? 1000 : -1000));
    const gamma = (999 * U) / (1 - 999 * U);
    const result = floatBoundsOf((x) => sum(x as Value), [data]);
    expect(result.value[0]).toBe(0);
    expect(radius(result) / (gamma * 1_000_000)).toBeCloseTo(1, 6);
  });

  it('grow by gamma_n in an inner product', () => {
    const ones = Array.from({ length: 64 }, () => 0.1);
    const result = floatBoundsOf(
      (a, b) => matmul(a as Value, b as Value, { transposeB: true }),
      [ones, ones],
      [1, 64],
    );
    const gamma = (64 * U) / (1 - 64 * U);
    expect(radius(result) / (gamma * 64 * Math.fround(0.1) ** 2)).toBeCloseTo(1, 6);
  });

  it('keep a sum of squares from being negative', () => {
    const centred = (x?: Value): Value => sub(x as Value, mul(sum(x as Value), 1 / 3));
    const { low, high } = floatBoundsOf(
      (x) => sum(square(centred(x))),
      [[1000.1, 1000.1, 1000.1].map(Math.fround)],
    );
    expect(low[0]).toBe(0);
    expect(high[0]).toBeGreaterThan(0);
  });

  it('take in both branches where a comparison is too close to call', () => {
    const body = (a?: Value, b?: Value): Value => {
      const [x, y] = [a as Value, b as Value];
      return select(compare(mul(x, 3), 'lt', mul(y, 3)), 10, 20);
    };
    const near = floatBoundsOf(body, [[0.1], [0.1]]);
    expect([near.low[0], near.high[0]]).toEqual([10, 20]);
    const far = floatBoundsOf(body, [[0.1], [0.2]]);
    expect([far.low[0], far.high[0]]).toEqual([10, 10]);
  });

  it('mark comparisons that are too close to call, and what is cast from them', () => {
    const marks = boundsOf(
      (a, b) => compare(mul(a as Value, 3), 'ge', mul(b as Value, 3)),
      [
        [0.1, 0.3],
        [0.1, 0.1],
      ],
    );
    expect('unsure' in marks ? marks.unsure : undefined).toEqual(Uint8Array.of(1, 0));
    const { low, high } = floatBoundsOf(
      (a, b) => cast(compare(mul(a as Value, 3), 'ge', mul(b as Value, 3)), 'f32'),
      [
        [0.1, 0.3],
        [0.1, 0.1],
      ],
    );
    expect([...low, ...high]).toEqual([0, 1, 1, 1]);
  });

  it('decide comparisons of exact numbers, ties too', () => {
    const marks = boundsOf((a, b) => compare(a as Value, 'le', b as Value), [[1], [1]]);
    expect('data' in marks ? [marks.data[0], marks.unsure] : []).toEqual([1, undefined]);
  });

  it('allow anything where a denominator, a root or a logarithm may be zero', () => {
    const nothing = (x?: Value): Value => sub(mul(x as Value, 3), mul(x as Value, 3));
    for (const body of [
      (x?: Value): Value => div(1, nothing(x)),
      (x?: Value): Value => sqrt(nothing(x)),
      (x?: Value): Value => log(nothing(x)),
    ]) {
      const { low, high } = floatBoundsOf(body, [[0.1]]);
      expect([low[0], high[0]]).toEqual([-Infinity, Infinity]);
    }
  });

  it('are infinite for certain where float32 overflows for certain', () => {
    const { low, high, value } = floatBoundsOf((x) => exp(x as Value), [[100]]);
    expect([low[0], high[0], value[0]]).toEqual([Infinity, Infinity, Infinity]);
    const edge = floatBoundsOf((x) => mul(exp(x as Value), 1), [[Math.log(2 ** 128)]]);
    expect([edge.low[0], edge.high[0]]).toEqual([-Infinity, Infinity]);
  });

  it('allow a library function to flush what is below the least normal number', () => {
    const { low, high } = floatBoundsOf((x) => exp(x as Value), [[-95]]);
    expect(low[0]).toBe(0);
    expect(high[0]).toBeGreaterThan(Math.exp(-95));
  });

  it('round constants and inputs that float32 does not hold', () => {
    const { low, high } = floatBoundsOf((x) => mul(x as Value, 0.1), [[1]]);
    expect(low[0]).toBeLessThanOrEqual(0.1);
    expect(high[0]).toBeGreaterThanOrEqual(Math.fround(0.1));
  });

  it('have for value what the interpreter has', () => {
    const builder = new ProgramBuilder('same');
    const x = builder.input('x', 'f32', [3], 'data');
    builder.output('y', exp(mul(add(x, 0.3), -0.7)));
    const program = builder.finish();
    const inputs = { x: { dtype: 'f32' as const, shape: [3], data: Float32Array.of(-1, 0, 7) } };
    const { y } = bounds(program, inputs, CONTRACTS['f32-ieee']);
    expect(y !== undefined && 'value' in y && y.value).toEqual(interpret(program, inputs).y?.data);
  });
});

describe('bounds for f64-ieee', () => {
  it('are a few units of float64 wide for programs of f32', () => {
    const builder = new ProgramBuilder('double');
    const x = builder.input('x', 'f32', [1], 'data');
    builder.output('y', mul(add(x, 1 / 3), 1 / 7));
    const inputs = { x: { dtype: 'f32' as const, shape: [1], data: Float32Array.of(0.5) } };
    const y = bounds(builder.finish(), inputs, CONTRACTS['f64-ieee']).y as FloatBounds;
    expect(radius(y)).toBeGreaterThan(0);
    expect(radius(y)).toBeLessThan(2 ** -50);
  });
});
