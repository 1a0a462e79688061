import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multiplyHigh, philox4x32, philoxBlocks, type Words2, type Words4 } from './philox.js';

const word = fc.oneof(
  fc.constantFrom(0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
);

describe('philox4x32', () => {
  it.each<[Words4, Words2, Words4]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('gives the known answer of Random123 for counter %j', (counter, key, words) => {
    expect(philox4x32(counter, key)).toEqual(words);
  });

  it('multiplies exactly: the upper word agrees with 64-bit integers', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(multiplyHigh(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
      }),
    );
  });
});

describe('philoxBlocks', () => {
  it('writes the words of philox4x32 for successive counters, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffffffff - 8 }),
        fc.tuple(word, word, word),
        fc.tuple(word, word),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 5 }),
        (block, tail, key, start, blocks) => {
          const out = new Uint32Array(start + blocks * 4 + 2).fill(7);
          philoxBlocks(out, start, blocks, [block, ...tail], key);
          const expected = Array.from({ length: blocks }, (_, i) =>
            philox4x32([block + i, ...tail], key),
          ).flat();
          expect([...out]).toEqual([...Array(start).fill(7), ...expected, 7, 7]);
        },
      ),
    );
  });
});
