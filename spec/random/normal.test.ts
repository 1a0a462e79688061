import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalOfWord } from './normal.js';

/** The standard normal distribution function by its power series around 0, or a continued fraction. */
function distribution(z: number): number {
  if (z > 0) return 1 - distribution(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < -2) {
    let fraction = -z;
    for (let n = 400; n >= 1; n--) fraction = -z + n / fraction;
    return density / fraction;
  }
  let term = z;
  let sum = z;
  for (let n = 1; n < 200; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + density * sum;
}

describe('normalOfWord', () => {
  it('inverts the normal distribution function, computed here another way', () => {
    const words = fc.oneof(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 322122540, max: 322122560 }), // p = 0.075, where the two ranges meet
    );
    fc.assert(
      fc.property(words, (word) => {
        const p = (word + 0.5) / 2 ** 32;
        const z = normalOfWord(word);
        // The upper tail has its precision in 1 - p.
        const [got, want] = z < 0 ? [distribution(z), p] : [distribution(-z), 1 - p];
        expect(Math.abs(got / want - 1)).toBeLessThan(2e-14);
      }),
      { numRuns: 2000 },
    );
  });

  it('is odd around the middle of the words', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fffffff }), (word) => {
        expect(normalOfWord(0xffffffff - word)).toBe(-normalOfWord(word));
      }),
    );
  });

  it('increases across the seam between its two ranges', () => {
    let before = Number.NEGATIVE_INFINITY;
    for (let word = 322122400; word < 322122700; word++) {
      const z = normalOfWord(word);
      expect(z).toBeGreaterThan(before);
      before = z;
    }
  });

  // Equal to Python's statistics.NormalDist().inv_cdf, which uses the C library's logarithm.
  it.each([
    [0, -6.337957754553789],
    [1, -6.166429517819749],
    [0x12345678, -1.4675657314922321],
    [0x13333333, -1.4395314704450153],
    [0x7fffffff, -2.9180993729166234e-10],
    [0x80000000, 2.9180993729166234e-10],
    [0xf0000000, 1.5341205452991358],
    [0xffffffff, 6.337957754553789],
  ])('keeps its value for the word %i', (word, z) => {
    expect(normalOfWord(word)).toBe(z);
  });
});
