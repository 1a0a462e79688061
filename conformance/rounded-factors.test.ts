import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../core/backend.js';
import { bounds, type FloatBounds } from '../reference/index.js';
import { BINARY16, CONTRACTS } from '../spec/contracts/index.js';
import { add, matmul, type Program, ProgramBuilder } from '../spec/program/index.js';
import { programCase } from './case.js';
import { inRange } from './in-range.js';

const CONTRACT = CONTRACTS['f16-products-wgsl'];
const LENGTH = 4;

const row = (data: readonly number[]): HostTensor => ({
  dtype: 'f32',
  shape: [1, data.length],
  data: Float32Array.from(data),
});

const PRODUCT: Program = programOf((builder) => {
  const a = builder.input('a', 'f32', [1, LENGTH], 'data');
  return matmul(a, builder.input('b', 'f32', [1, LENGTH], 'data'), { transposeB: true });
});

function programOf(make: (builder: ProgramBuilder) => ReturnType<typeof add>): Program {
  const builder = new ProgramBuilder('test');
  builder.output('y', make(builder));
  return builder.finish();
}

function boundsOf(a: readonly number[], b: readonly number[]): { low: number; high: number } {
  const { y } = bounds(PRODUCT, { a: row(a), b: row(b) }, CONTRACT);
  const { low, high } = y as FloatBounds;
  return { low: low[0] as number, high: high[0] as number };
}

/** Ways in which a device may read a factor. */
const READINGS: readonly ((x: number) => number)[] = [
  (x) => x,
  (x) => BINARY16.round(x),
  // Towards zero: never farther from it than x.
  (x) => {
    const near = BINARY16.round(x);
    return Math.abs(near) <= Math.abs(x) ? near : BINARY16.round(x * (1 - 2 ** -11));
  },
  (x) => (Math.abs(x) < 2 ** -14 ? 0 : BINARY16.round(x)),
];

describe('bounds of products that may read f16', () => {
  const factor = fc.oneof(
    fc.double({ noNaN: true, min: -60000, max: 60000 }),
    fc.double({ noNaN: true, min: -1e-4, max: 1e-4 }),
    fc.constantFrom(0, 1, -2, 65504, 2 ** -14, 2 ** -24, 2 ** -25),
  );
  const factors = fc
    .array(factor, { minLength: LENGTH, maxLength: LENGTH })
    .map((data) => data.map(Math.fround));

  it('hold what any reading makes of them', () => {
    fc.assert(
      fc.property(factors, factors, (a, b) => {
        const { low, high } = boundsOf(a, b);
        for (const left of READINGS) {
          for (const right of READINGS) {
            const products = a.map((x, i) => left(x) * right(b[i] as number));
            const total = products.reduce((sum, x) => sum + x, 0);
            expect(total).toBeGreaterThanOrEqual(low);
            expect(total).toBeLessThanOrEqual(high);
          }
        }
      }),
    );
  });

  it('are no wider than those of f32 where f16 holds the factors, but for sums that are cut', () => {
    const { low, high } = boundsOf([1, 2, 3, 0.5], [1, 1, 1, 1024]);
    expect(high - low).toBeLessThan(4 * 8 * 2 ** -24 * 600);
    const rough = boundsOf([1.0001, 2, 3, 0.5], [1, 1, 1, 1024]);
    expect(rough.high - rough.low).toBeGreaterThan(2 ** -10);
  });

  it('promise nothing beyond the largest number of f16', () => {
    expect(boundsOf([65504, 0, 0, 0], [1, 1, 1, 1]).high).toBeLessThan(66000);
    expect(boundsOf([65505, 0, 0, 0], [1, 1, 1, 1])).toEqual({ low: -Infinity, high: Infinity });
  });
});

describe('data for a contract whose factors have a short range', () => {
  const inputs = { a: row([1e6, -3, 0, 1e-6]), b: row([1e-6, 0, 0, -2e-6]) };

  it('are brought into it by a power of two, a tensor at a time', () => {
    const [run] = inRange(programCase(PRODUCT, [inputs]), CONTRACT.name).runs;
    const { a, b } = run as typeof inputs;
    const largest = ({ data }: HostTensor): number => Math.max(...Array.from(data, Math.abs));
    for (const tensor of [a, b]) {
      expect(largest(tensor)).toBeGreaterThanOrEqual(1);
      expect(largest(tensor)).toBeLessThan(2);
    }
    expect(a.data[0]).toBe(1e6 * 2 ** -19);
  });

  it('stay as they are where they fit, without a product, and under other contracts', () => {
    const fits = programCase(PRODUCT, [{ a: row([1, 2, 3, 4]), b: row([0, 0, 0, 0]) }]);
    expect(inRange(fits, CONTRACT.name).runs).toEqual(fits.runs);
    const sums = programOf((builder) => {
      const a = builder.input('a', 'f32', [1, LENGTH], 'data');
      return add(a, builder.input('b', 'f32', [1, LENGTH], 'data'));
    });
    const without = programCase(sums, [inputs]);
    expect(inRange(without, CONTRACT.name)).toBe(without);
    const other = programCase(PRODUCT, [inputs]);
    expect(inRange(other, 'f32-wgsl')).toBe(other);
    expect(inRange(other, 'tf32-products')).toBe(other);
  });
});
