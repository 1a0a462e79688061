import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import { CONTRACTS, type NumericContract } from '../spec/contracts/index.js';
import {
  add,
  div,
  matmul,
  mul,
  neg,
  ProgramBuilder,
  reshape,
  sqrt,
  sub,
  sum,
  type Value,
} from '../spec/program/index.js';
import { bounds } from './bounds.js';

const U = 2 ** -24;
const { fround } = Math;

type Three<T> = readonly [T, T, T];
type Range = readonly [low: number, high: number];

/** The bounds of a function of three numbers. */
function boundsOf(
  body: (...values: Three<Value>) => Value,
  inputs: Three<number>,
  contract: NumericContract = 'f32-wgsl',
): Range {
  const builder = new ProgramBuilder('test');
  const tensor = (value: number): HostTensor => ({
    dtype: 'f32',
    shape: [1],
    data: Float32Array.of(value),
  });
  const [a, b, c] = inputs;
  const named = { a: tensor(a), b: tensor(b), c: tensor(c) };
  const input = (name: string): Value => builder.input(name, 'f32', [1], 'data');
  builder.output('y', body(input('a'), input('b'), input('c')));
  const { y } = bounds(builder.finish(), named, CONTRACTS[contract]);
  if (y === undefined || !('value' in y)) throw new Error('no floats');
  return [y.low[0] as number, y.high[0] as number];
}

const isWithin = ([low, high]: Range, value: number): boolean => value >= low && value <= high;

/** Numbers of f32 of all sizes between. */
const sized = (least: number, most: number): fc.Arbitrary<number> =>
  fc
    .tuple(fc.double({ min: 1, max: 2, noNaN: true }), fc.integer({ min: least, max: most }))
    .map(([x, exponent]) => fround(x * 2 ** exponent));
const signed = fc.tuple(sized(-8, 8), fc.boolean()).map(([x, minus]) => (minus ? -x : x));

describe('reassociated sums', () => {
  const ways: readonly ((a: Value, b: Value, c: Value) => Value)[] = [
    (a, b, c) => sub(add(a, b), c),
    (a, b, c) => add(a, sub(b, c)),
    (a, b, c) => sub(b, sub(c, a)),
    (a, b, c) => add(reshape(neg(sub(c, a)), [1]), b),
  ];

  it('are within the bounds of each other', () => {
    fc.assert(
      fc.property(signed, signed, signed, (a, b, c) => {
        for (const way of ways) {
          const range = boundsOf(way, [a, b, c]);
          expect(isWithin(range, fround(fround(a + b) - c))).toBe(true);
          expect(isWithin(range, fround(a + fround(b - c)))).toBe(true);
          expect(isWithin(range, fround(fround(a - c) + b))).toBe(true);
        }
      }),
    );
  });

  it('may lose what cancels, unlike operations that run as written', () => {
    const body = ways[1] as (typeof ways)[number];
    const inputs = [1.25, 1e8, 1e8] as const;
    expect(boundsOf(body, inputs, 'f32-ieee')).toEqual([1.25, 1.25]);
    expect(isWithin(boundsOf(body, inputs), 0)).toBe(true);
  });

  it('of positive numbers are not negative', () => {
    const [low, high] = boundsOf((a, b, c) => sqrt(add(add(a, b), c)), [0, 1e-44, 1e-44]);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(1e-15);
  });

  it('go on in a reduction of them', () => {
    const body = (a: Value, b: Value, c: Value): Value => sum(add(sub(a, b), c));
    expect(isWithin(boundsOf(body, [1e8, 1e8, 1.25]), 0)).toBe(true);
  });
});

describe('reassociated products', () => {
  const size = sized(-40, 40);

  it('are within the bounds of each other', () => {
    const ways: readonly ((a: Value, b: Value, c: Value) => Value)[] = [
      (a, b, c) => mul(mul(a, b), c),
      (a, b, c) => mul(a, mul(b, c)),
      (a, b, c) => mul(neg(mul(c, a)), neg(b)),
      (a, b, c) => reshape(matmul(reshape(mul(a, b), [1, 1]), reshape(c, [1, 1])), [1]),
    ];
    fc.assert(
      fc.property(size, size, size, (a, b, c) => {
        for (const way of ways) {
          const range = boundsOf(way, [a, b, c]);
          expect(isWithin(range, fround(fround(a * b) * c))).toBe(true);
          expect(isWithin(range, fround(a * fround(b * c)))).toBe(true);
          expect(isWithin(range, fround(b * fround(a * c)))).toBe(true);
        }
      }),
    );
  });

  it('with quotients, too', () => {
    const ways: readonly ((a: Value, b: Value, c: Value) => Value)[] = [
      (a, b, c) => div(mul(a, b), c),
      (a, b, c) => mul(a, div(b, c)),
      (a, b, c) => div(b, div(c, a)),
    ];
    // A unit in the last place of a quotient is up to 2 u of it, wherever it is taken.
    const wrong = (x: number): number => fround(x * (1 + 4 * U));
    fc.assert(
      fc.property(size, size, size, (a, b, c) => {
        for (const way of ways) {
          const range = boundsOf(way, [a, b, c]);
          expect(isWithin(range, wrong(fround(a * b) / c))).toBe(true);
          expect(isWithin(range, fround(a * wrong(b / c)))).toBe(true);
          expect(isWithin(range, fround(wrong(a / c) * b))).toBe(true);
        }
      }),
    );
  });

  it('may be off by what underflows on the way, times what follows', () => {
    const range = boundsOf((a, b, c) => mul(mul(a, b), c), [1e-30, 1e30, 1e-10]);
    expect(isWithin(range, 0)).toBe(true);
  });

  it('may be anything where they overflow on the way', () => {
    const body = (a: Value, b: Value, c: Value): Value => mul(mul(a, b), c);
    expect(boundsOf(body, [1e30, 1e-30, 1e30])).toEqual([-Infinity, Infinity]);
  });

  it('have the two roundings of a (g g) for (a g) g', () => {
    const a = fround(0.05);
    const inputs = [a, fround(0.3), 0] as const;
    const [low, high] = boundsOf((x, g) => mul(x, mul(g, g)), inputs);
    const exact = a * inputs[1] ** 2;
    expect(high / exact - 1).toBeCloseTo(2 * U, 12);
    expect(1 - low / exact).toBeCloseTo(2 * U, 12);
  });
});

describe('one operation', () => {
  it('has the bounds that it has alone, for there is nothing to reorder it with', () => {
    const bodies: readonly ((a: Value, b: Value, c: Value) => Value)[] = [
      (a, b) => add(a, b),
      (a, b) => sub(a, b),
      (a, b) => mul(a, b),
      (a, b, c) => add(mul(a, b), c),
      (a, b, c) => mul(add(a, b), c),
    ];
    const inputs = [0.1, 0.7, 1.3] as const;
    for (const body of bodies) {
      expect(boundsOf(body, inputs)).toEqual(boundsOf(body, inputs, 'f32-ieee'));
    }
  });
});
