import { describe, expect, it } from 'vitest';
import { calibration, combinedScores, topClass, topShare, wilsonInterval } from './accuracy.js';

describe("Wilson's interval", () => {
  // statsmodels.stats.proportion.proportion_confint(k, n, method='wilson') is this formula; the values
  // are from Newcombe 1998, table I, and of the formula in 30 digits.
  it.each([
    [81, 263, 0.308, 0.2553, 0.3662],
    [15, 148, 0.1014, 0.0624, 0.1605],
    [0, 20, 0, 0, 0.1611],
    [1, 29, 0.0345, 0.0061, 0.1718],
    [29, 29, 1, 0.883, 1],
  ])('of %d in %d', (k, n, share, low, high) => {
    const found = wilsonInterval(k, n);
    expect(found.share).toBeCloseTo(share, 4);
    expect(found.low).toBeCloseTo(low, 4);
    expect(found.high).toBeCloseTo(high, 4);
  });

  it('is refused where there is no share', () => {
    expect(() => wilsonInterval(0, 0)).toThrow(
      'a share needs a count within its total; got 0 of 0',
    );
    expect(() => wilsonInterval(3, 2)).toThrow('got 3 of 2');
  });
});

describe('accuracy', () => {
  it('shares what is equal', () => {
    expect(topShare([0.1, 0.7, 0.2], 1, 1)).toBe(1);
    expect(topShare([0.1, 0.7, 0.2], 0, 2)).toBe(0);
    expect(topShare([0.25, 0.25, 0.25, 0.25], 3, 1)).toBe(0.25);
    expect(topShare([0.5, 0.25, 0.25], 2, 2)).toBe(0.5);
    expect(topShare([0.1, 0.2], 0, 5)).toBe(1);
    expect(topClass([0.2, 0.4, 0.4])).toBe(1);
    expect(() => topShare([Number.NaN, 1], 1, 1)).toThrow('not a number');
  });

  it('of combinations is of the product of their probabilities, the last changing fastest', () => {
    expect([
      ...combinedScores([
        [0.5, 0.25],
        [0.25, 0.5, 1],
      ]),
    ]).toEqual([...[0.125, 0.25, 0.5, 0.0625, 0.125, 0.25]]);
    expect([...combinedScores([[0.5, 0.25]])]).toEqual([0.5, 0.25]);
  });

  it('is calibrated where confidence and accuracy agree', () => {
    const half = calibration([0.5, 0.5], [true, false], 10);
    expect(half.error).toBe(0);
    expect(half.bins[5]).toEqual({ count: 2, confidence: 0.5, accuracy: 0.5 });
    expect(calibration([1, 1, 0.2], [true, false, false]).error).toBeCloseTo(1.2 / 3, 12);
  });
});
