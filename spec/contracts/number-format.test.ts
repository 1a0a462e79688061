import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BFLOAT16, BINARY16, BINARY32, roundTo } from './number-format.js';

describe('roundTo', () => {
  it('rounds to float32 as Math.fround does', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -3e38, max: 3e38 }), (x) => {
        expect(roundTo(x, 24, -126)).toBe(Math.fround(x));
      }),
    );
    for (const x of [2 ** -149, 2 ** -150, 3 * 2 ** -150, 1 + 2 ** -24, 1 + 3 * 2 ** -24]) {
      expect(roundTo(x, 24, -126)).toBe(Math.fround(x));
    }
  });
});

describe('a float format', () => {
  it('rounds within its unit roundoff, and to infinity from its overflow on', () => {
    for (const format of [BINARY16, BFLOAT16, BINARY32]) {
      fc.assert(
        fc.property(fc.double({ noNaN: true, min: 1e-4, max: 6e4 }), (x) => {
          expect(Math.abs(format.round(x) - x)).toBeLessThanOrEqual(format.unitRoundoff * x);
        }),
      );
      expect(format.round(format.overflow)).toBe(Infinity);
      expect(format.round(format.overflow * (1 - 2 ** -50))).toBeLessThan(Infinity);
      expect(format.round(format.underflow)).toBe(0);
      expect(format.round(format.underflow * 1.01)).toBeGreaterThan(0);
    }
  });
});
