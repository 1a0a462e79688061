import { describe, expect, it } from 'vitest';
import { FILE_START, type PacketFacts, PacketIndex, showsFrame } from './packet-index.js';

function packets(times: readonly number[], keys: readonly number[]): PacketFacts[] {
  return times.map((time, i) => ({ time, isKey: keys.includes(i), isShown: true }));
}

describe('PacketIndex', () => {
  it('enters at the last key frame that is shown at or before the frame', () => {
    // Stored order I P B B | I P B; shown order 0..3, then 4..6.
    const index = new PacketIndex(packets([0, 30, 10, 20, 40, 60, 50], [0, 4]));
    expect(index.frameCount).toBe(7);
    expect(index.entryBefore(3)).toEqual(FILE_START);
    expect(index.entryBefore(4)).toEqual({ packet: 4, frame: 4 });
    expect(index.entryBefore(6)).toEqual({ packet: 4, frame: 4 });
  });

  it('does not count packets that show nothing', () => {
    const facts = packets([0, 1, 2], [0]);
    const index = new PacketIndex([...facts, { time: 3, isKey: true, isShown: false }]);
    expect(index.frameCount).toBe(3);
    expect(index.entryBefore(2)).toEqual(FILE_START);
  });

  it.each([
    ['are missing', [0, Number.NaN, 2]],
    ['repeat', [0, 1, 1]],
    ['are too large to be exact', [0, 1, 2 ** 60]],
  ])('always begins at the start when timestamps %s', (_, times) => {
    const index = new PacketIndex(packets(times, [0, 1, 2]));
    expect(index.frameCount).toBe(3);
    expect(index.entryBefore(2)).toEqual(FILE_START);
  });

  it('is empty for a stream without packets', () => {
    expect(new PacketIndex([]).frameCount).toBe(0);
    expect(new PacketIndex([]).entryBefore(0)).toEqual(FILE_START);
  });
});

describe('showsFrame', () => {
  it.each([
    ['vp8', [0b0001_0000], true],
    ['vp8', [0b0000_0001], false],
    ['vp8', [], false],
    ['vp9', [0b1000_0010], true],
    ['vp9', [0b1000_0000], false],
    ['vp9', [0b1000_1000], true], // shows an existing frame
    ['vp9', [0b1011_0001, 0], true], // profile 3 has one more bit before
    ['vp9', [0b1011_0010, 0], false],
    ['vp9', [0b1000_0000, 0b1100_0000], true], // a superframe
    ['h264', [0], true],
  ] as const)('reads the header of a %s packet %j: %s', (codec, bytes, shown) => {
    expect(showsFrame(codec, Uint8Array.from(bytes))).toBe(shown);
  });
});
