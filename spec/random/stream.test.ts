import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { philox4x32 } from './philox.js';
import { sampleWord } from './sample-word.js';
import { type DrawAddress, RandomStream, STREAMS, uniformOfWord } from './stream.js';

const ADDRESS: DrawAddress = {
  seed: 20240801,
  stream: 'test',
  replicate: 3,
  epoch: 7,
  sample: sampleWord('clip-0001'),
};

function take<T>(count: number, draw: () => T): T[] {
  return Array.from({ length: count }, () => draw());
}

function words(address: DrawAddress, count: number): number[] {
  const stream = new RandomStream(address);
  return take(count, () => stream.word());
}

function add(counts: number[], index: number): void {
  counts[index] = (counts[index] as number) + 1;
}

describe('RandomStream', () => {
  it('lays the address out as (block, stream and replicate, epoch, sample) under the seed', () => {
    const seed = 2 ** 52 + 5;
    const key = [5, 2 ** 20] as const;
    const tail = [STREAMS.test * 0x10000 + 3, 7, 1762140347] as const;
    expect(words({ ...ADDRESS, seed }, 8)).toEqual([
      ...philox4x32([0, ...tail], key),
      ...philox4x32([1, ...tail], key),
    ]);
  });

  it('keeps its words', () => {
    expect(words(ADDRESS, 6)).toEqual([
      0xf6b337ed, 0x06d68e47, 0xbb88d88b, 0x67f21e1e, 0x9e5ca991, 0x4051a620,
    ]);
  });

  it('keeps the numbers of its streams', () => {
    expect(STREAMS).toEqual({
      parameter: 0,
      order: 1,
      frames: 2,
      crop: 3,
      flip: 4,
      caption: 5,
      videoMask: 6,
      textMask: 7,
      dropPath: 8,
      demo: 9,
      test: 10,
      mix: 11,
      dropout: 12,
      augment: 13,
      erase: 14,
    });
  });

  it('gives other words when any one part of the address changes', () => {
    const others: Partial<DrawAddress>[] = [
      { seed: 20240802 },
      { seed: 20240801 + 2 ** 32 },
      { stream: 'demo' },
      { replicate: 4 },
      { epoch: 8 },
      { sample: 1762140348 },
    ];
    const all = [ADDRESS, ...others.map((part) => ({ ...ADDRESS, ...part }))];
    const seen = new Set(all.flatMap((address) => words(address, 8)));
    expect(seen.size).toBe(8 * all.length);
  });

  it('is not disturbed by other streams drawn in between', () => {
    const a = new RandomStream(ADDRESS);
    const b = new RandomStream({ ...ADDRESS, epoch: 8 });
    const mixed = take(9, () => [a.word(), b.word()]).map(([word]) => word);
    expect(mixed).toEqual(words(ADDRESS, 9));
  });

  it('draws words in bulk exactly as one by one, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 13 }), { maxLength: 6 }), (sizes) => {
        const stream = new RandomStream(ADDRESS);
        const drawn: number[] = [];
        for (const size of sizes) {
          const piece = new Uint32Array(size);
          stream.words(piece);
          drawn.push(...piece, stream.word());
        }
        expect(drawn).toEqual(words(ADDRESS, drawn.length));
      }),
    );
  });

  it('draws uniform values that are multiples of 2^-24 below 1', () => {
    expect([0, 0xff, 0x100, 0x80000000, 0xffffffff].map(uniformOfWord)).toEqual([
      0,
      0,
      2 ** -24,
      0.5,
      1 - 2 ** -24,
    ]);
    const stream = new RandomStream(ADDRESS);
    expect(take(3, () => stream.uniform())).toEqual([
      0.9636721014976501, 0.026711344718933105, 0.7325568199157715,
    ]);
  });

  it('draws integers that are the upper word of word * n when none is rejected', () => {
    const stream = new RandomStream(ADDRESS);
    expect(take(12, () => stream.integer(10))).toEqual([9, 0, 7, 4, 6, 2, 4, 6, 2, 4, 0, 7]);
    const sequence = words(ADDRESS, 4);
    const whole = new RandomStream(ADDRESS);
    expect(take(4, () => whole.integer(2 ** 32))).toEqual(sequence);
    const half = new RandomStream(ADDRESS);
    expect(take(4, () => half.integer(2 ** 31))).toEqual(sequence.map((w) => w >>> 1));
    const one = new RandomStream(ADDRESS);
    expect(take(4, () => one.integer(1))).toEqual([0, 0, 0, 0]);
  });

  it('rejects exactly the surplus words, so that every result has equally many', () => {
    // Scaled down to 8-bit words, Lemire's rule can be counted in full.
    for (let n = 1; n <= 256; n++) {
      const counts = new Array<number>(n).fill(0);
      const threshold = (256 - n) % n;
      for (let w = 0; w < 256; w++) {
        if ((w * n) % 256 >= threshold) add(counts, Math.floor((w * n) / 256));
      }
      expect(new Set(counts)).toEqual(new Set([Math.floor(256 / n)]));
    }
  });

  it('skips a word that a range rejects and takes the next', () => {
    const n = 3_000_000_000;
    const sequence = words(ADDRESS, 200).map(BigInt);
    const kept = sequence.filter((w) => (w * BigInt(n)) % 2n ** 32n >= 2n ** 32n - BigInt(n));
    expect(kept.length).toBeLessThan(sequence.length);
    const stream = new RandomStream(ADDRESS);
    expect(take(100, () => stream.integer(n))).toEqual(
      kept.slice(0, 100).map((w) => Number((w * BigInt(n)) >> 32n)),
    );
  });

  it.each([2, 3, 5, 6, 7, 10, 13])('draws each of %i integers about equally often', (n) => {
    const draws = 20_000;
    const counts = new Array<number>(n).fill(0);
    const stream = new RandomStream({ seed: n, stream: 'test' });
    for (let i = 0; i < draws; i++) add(counts, stream.integer(n));
    const expected = draws / n;
    for (const count of counts) {
      expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('names the part of an address that is out of bounds', () => {
    expect(() => new RandomStream({ ...ADDRESS, seed: -1 })).toThrow(/seed .* got -1/);
    expect(() => new RandomStream({ ...ADDRESS, seed: 0.5 })).toThrow(/seed/);
    expect(() => new RandomStream({ ...ADDRESS, replicate: 65536 })).toThrow(/replicate/);
    expect(() => new RandomStream({ ...ADDRESS, epoch: 2 ** 32 })).toThrow(/epoch/);
    expect(() => new RandomStream({ ...ADDRESS, sample: Number.NaN })).toThrow(/sample/);
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])('refuses %d as the range of an integer', (n) => {
    expect(() => new RandomStream(ADDRESS).integer(n)).toThrow(/range of an integer draw/);
  });
});
