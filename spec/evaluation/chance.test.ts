import { describe, expect, it } from 'vitest';
import { chanceRecall, probabilityByChance } from './chance.js';

describe('chanceRecall', () => {
  it('is k / gallery for one right item', () => {
    expect(chanceRecall(64, 1, 1)).toBe(1 / 64);
    expect(chanceRecall(64, 1, 10)).toBeCloseTo(10 / 64, 15);
    expect(chanceRecall(4, 1, 10)).toBe(1);
    expect(chanceRecall(4, 1, 0)).toBe(0);
  });

  it('counts orders: two right items of four are missed by the first two in one case of six', () => {
    expect(chanceRecall(4, 2, 2)).toBeCloseTo(5 / 6, 15);
    expect(chanceRecall(4, 3, 2)).toBe(1);
  });
});

describe('probabilityByChance', () => {
  it('is the tail of the binomial distribution, counted by hand for three queries', () => {
    const tails = [0, 1, 2, 3, 4].map((hits) => probabilityByChance(3, hits, 0.25));
    const expected = [1, 37 / 64, 10 / 64, 1 / 64, 0];
    for (const [hits, tail] of tails.entries()) {
      expect(tail).toBeCloseTo(expected[hits] as number, 14);
    }
  });

  it('has the ends of a probability, without overflow in large galleries', () => {
    expect(probabilityByChance(5, 3, 0)).toBe(0);
    expect(probabilityByChance(5, 3, 1)).toBe(1);
    expect(probabilityByChance(100_000, 49_000, 0.5)).toBeCloseTo(1, 9);
    expect(probabilityByChance(100_000, 51_000, 0.5)).toBeLessThan(1e-9);
    expect(probabilityByChance(64, 16, 1 / 64)).toBeLessThan(1e-13);
  });
});
