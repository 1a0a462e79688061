import { describe, expect, it } from 'vitest';
import { FINGERPRINT_SIZE, type Fingerprint, fingerprintOf, nearPairs } from './fingerprint.js';

const { width, height } = FINGERPRINT_SIZE;

/** Frames of grey levels. */
function frames(count: number, level: (t: number, x: number, y: number) => number): Uint8Array {
  const data = new Uint8Array(count * width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const place = Math.floor(i / 3);
    const [x, y] = [place % width, Math.floor(place / width) % height];
    data[i] = level(Math.floor(place / (width * height)), x, y);
  }
  return data;
}

/** A pattern of a kind, eight frames. */
const print = (kind: number, noise = 0): Fingerprint =>
  fingerprintOf(
    frames(
      8,
      (t, x, y) => 100 + ((x * 37 + y * 91 + t * 53 + kind * 29) % 83) + ((x + y + t) % 2) * noise,
    ),
  );

describe('fingerprints', () => {
  it('say where a place is brighter than the one right of it', () => {
    const [words] = fingerprintOf(frames(1, (_, x, y) => (y === 0 ? 200 - 10 * x : 10 * x)));
    expect(words).toEqual([0xff, 0, 0, 0]);
  });

  it('of copies with little noise are a pair, of others none', () => {
    expect(nearPairs([print(0), print(11), undefined, print(0, 1), print(40)])).toEqual([[0, 3]]);
  });

  it('of videos that show nothing are no pair', () => {
    const black = fingerprintOf(frames(8, () => 3));
    expect(nearPairs([black, black, black])).toEqual([]);
  });
});
