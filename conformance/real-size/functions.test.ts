import { describe, expect, it } from 'vitest';
import { type DrawAddress, RandomStream } from '../../spec/random/index.js';
import { multiplyHigh } from '../../spec/random/philox.js';
import { SIZED_PORT_FUNCTIONS } from './functions.js';

/** The integers below n, n - 1, ... of a stream, and how many words it took to draw them. */
function drawn(address: DrawAddress, n: number, count: number): { words: number; first: number[] } {
  const stream = new RandomStream(address);
  const counting = new RandomStream(address);
  let words = 0;
  const first: number[] = [];
  for (let i = 0; i < count; i++) {
    const value = stream.integer(n - i);
    first.push(value);
    // The words up to the one that gives this value.
    do words += 1;
    while (multiplyHigh(counting.word(), n - i) !== value);
  }
  return { words, first };
}

describe('the built cases of real/mask.tube', () => {
  const [tube] = SIZED_PORT_FUNCTIONS;
  const rejecting = (tube?.gate ?? []).slice(0, 3);

  it.each(rejecting)('reject a word: %o', (parameters) => {
    const { rows, columns, ratio, seed, sample } = parameters as Record<string, number>;
    const places = Number(rows) * Number(columns);
    const visible = places - Math.floor(places * Number(ratio));
    const address = { seed: Number(seed), stream: 'videoMask', sample: Number(sample) } as const;
    expect(drawn(address, places, visible).words).toBeGreaterThan(visible);
  });

  it('have a ratio whose product with the places rounds to another integer in float32', () => {
    const counts = (tube?.gate ?? []).slice(3).map((parameters) => {
      const { rows, columns, ratio, rounding } = parameters as Record<string, number | string>;
      const n = Number(rows) * Number(columns);
      const share = rounding === 'floor-masked' ? Number(ratio) : 1 - Number(ratio);
      const short =
        rounding === 'floor-masked'
          ? Math.fround(Math.fround(Number(ratio)) * n)
          : Math.fround(n * Math.fround(1 - Math.fround(Number(ratio))));
      return Math.floor(share * n) !== Math.floor(short);
    });
    expect(counts.filter((differs) => differs).length).toBeGreaterThanOrEqual(5);
  });
});
