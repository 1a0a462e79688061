import { describe, expect, it } from 'vitest';
import { erf } from './erf.js';

// Abramowitz and Stegun, table 7.1, with more digits from the series.
const VALUES: readonly (readonly [number, number])[] = [
  [1e-10, 1.1283791670955126e-10],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [3, 0.9999779095030014],
  [5, 0.9999999999984626],
];

describe('erf', () => {
  it('agrees with its series in every range of its approximations', () => {
    for (const x of [0.01, 0.5, 0.8, 0.85, 1, 1.2, 1.3, 2, 2.8, 2.9]) {
      let term = x;
      let sum = x;
      for (let n = 1; Math.abs(term) > 1e-25; n++) {
        term *= (-x * x) / n;
        sum += term / (2 * n + 1);
      }
      // The alternating series itself loses up to e^(x^2) units in the last place.
      const lost = Math.exp(x * x) * 2 ** -50;
      expect(Math.abs(erf(x) - (2 / Math.sqrt(Math.PI)) * sum)).toBeLessThan(lost);
    }
  });

  it('has published values', () => {
    for (const [x, value] of VALUES) {
      expect(Math.abs(erf(x) - value)).toBeLessThanOrEqual(value * 2 ** -52);
    }
  });

  it('is odd, saturates at 1, and keeps signed zeros and NaN', () => {
    expect(erf(-1.5)).toBe(-erf(1.5));
    expect(erf(7)).toBe(1);
    expect(erf(Number.NEGATIVE_INFINITY)).toBe(-1);
    expect(erf(-0)).toBe(-0);
    expect(erf(Number.NaN)).toBeNaN();
  });

  it('rises from range to range', () => {
    for (const edge of [0.84375, 1.25, 1 / 0.35, 6]) {
      expect(erf(edge)).toBeGreaterThanOrEqual(erf(edge * (1 - 2 ** -52)));
      expect(erf(edge) - erf(edge * (1 - 2 ** -52))).toBeLessThan(2 ** -51);
    }
  });
});
