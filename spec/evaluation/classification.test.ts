import { describe, expect, it } from 'vitest';
import { classRank, wilsonInterval } from './classification.js';

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

describe('the place of the right class', () => {
  it.each([
    [[0.1, 0.9, 0.5], 1, 0],
    [[0.1, 0.9, 0.5], 0, 2],
    // Of equals the lower number comes first.
    [[1, 1, 1], 0, 0],
    [[1, 1, 1], 2, 2],
    // NaN is lower than all, and a right class of NaN is last.
    [[Number.NaN, 0, 1], 1, 1],
    [[Number.NaN, 0, 1], 0, 2],
  ])('among %j, of class %d, is %d', (scores, right, rank) => {
    expect(classRank(scores, right)).toBe(rank);
  });
});
