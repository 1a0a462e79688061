import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleWord } from './sample-word.js';
import { choose, shuffle } from './shuffle.js';
import { RandomStream } from './stream.js';

const stream = (seed: number, sample = 0): RandomStream =>
  new RandomStream({ seed, stream: 'test', sample });
const frozen = (): RandomStream =>
  new RandomStream({
    seed: 20240801,
    stream: 'test',
    replicate: 3,
    epoch: 7,
    sample: sampleWord('clip-0001'),
  });

describe('shuffle', () => {
  it('is a permutation, a function of the address alone', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 0, max: 200 }), (seed, n) => {
        const order = shuffle(stream(seed), n);
        expect([...order].sort((a, b) => a - b)).toEqual([...Array(n).keys()]);
        expect(shuffle(stream(seed), n)).toEqual(order);
      }),
    );
  });

  it('keeps its order', () => {
    expect([...shuffle(frozen(), 11)]).toEqual([10, 1, 8, 6, 2, 3, 4, 9, 5, 7, 0]);
  });

  it('gives all 24 orders of four items about equally often', () => {
    const counts = new Map<string, number>();
    for (let sample = 0; sample < 12_000; sample++) {
      const order = shuffle(stream(1, sample), 4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) {
      expect(Math.abs(count - 500)).toBeLessThan(5 * Math.sqrt(500));
    }
  });
});

describe('choose', () => {
  it('gives k distinct integers below n, ascending: the sorted start of the shuffle', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 0, max: 100 }).chain((n) => fc.tuple(fc.constant(n), fc.nat(n))),
        (seed, [n, k]) => {
          const chosen = choose(stream(seed), n, k);
          const start = [...shuffle(stream(seed), n)].slice(0, k).sort((a, b) => a - b);
          expect([...chosen]).toEqual(start);
        },
      ),
    );
  });

  it('keeps its choice', () => {
    expect([...choose(frozen(), 11, 4)]).toEqual([1, 6, 8, 10]);
  });

  it('gives all 10 pairs of five items about equally often', () => {
    const counts = new Map<string, number>();
    for (let sample = 0; sample < 5000; sample++) {
      const pair = choose(stream(2, sample), 5, 2).join('');
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    expect(counts.size).toBe(10);
    for (const count of counts.values()) {
      expect(Math.abs(count - 500)).toBeLessThan(5 * Math.sqrt(500));
    }
  });

  it.each([
    [3, 4],
    [3, -1],
    [3, 1.5],
    [-1, 0],
    [2 ** 31, 1],
  ])('refuses to choose from %d items %d', (n, k) => {
    expect(() => choose(stream(0), n, k)).toThrow(/number of items/);
  });
});
