import { describe, expect, it } from 'vitest';
import { duplicatesOf } from './check-data-set.js';
import { excerptsOf, type Trace, TraceBuilder } from './excerpts.js';
import { FINGERPRINT_SIZE } from './fingerprint.js';

const { width, height } = FINGERPRINT_SIZE;
const RATE = 12;

/** A video of so many frames, seen from a second on of a film of a kind: its patterns move slowly. */
function trace(kind: number, from: number, frames: number, noise = 0): Trace {
  const times = Float64Array.from({ length: frames }, (_, i) => (i * 1e6) / RATE);
  const builder = new TraceBuilder(times);
  for (let i = 0; i < frames; i++) {
    const now = from + i / RATE;
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
      const place = Math.floor(at / 3);
      const [x, y] = [place % width, Math.floor(place / width)];
      const wave = Math.sin(x * (1.3 + kind) + y * 2.1 * kind + now * (1 + 0.2 * y));
      return 128 + 90 * wave + ((x * 7 + y * 13 + i) % 3) * noise;
    });
    builder.add(i, pixels);
  }
  return builder.trace();
}

describe('excerpts', () => {
  const film = trace(1, 0, 12 * RATE);

  it('are found wherever they begin, in either list, and told with their times', () => {
    const cut = trace(1, 5.1, 3 * RATE, 2);
    const { excerpts } = excerptsOf([trace(3, 0, 60), film], [cut, trace(2, 5, 60)]);
    expect(excerpts).toEqual([{ first: 1, second: 0, seconds: 3, at: [expect.any(Number), 0] }]);
    expect(Math.abs((excerpts[0]?.at[0] ?? 0) - 5.1)).toBeLessThanOrEqual(0.25);
    expect(excerptsOf([cut], [film]).excerpts).toMatchObject([{ first: 0, second: 0, seconds: 3 }]);
  });

  it('are told of a video that is judged by, also where a copy of it is learned from', () => {
    const found = [
      ['copy', 'a', trace(1, 5.1, 3 * RATE)],
      ['film', 'b', film],
      ['test', 'a', trace(1, 5.1, 3 * RATE)],
    ].map(([video, digest, own]) => ({
      ...{ video: video as string, digest: digest as string, trace: own as Trace },
      ...{ bytes: 1, lostFrames: 0, faults: [], isUnreadable: false, badParts: [] },
    }));
    const jobs = found.map(({ video }) => ({ root: '/data', video, parts: [], decodeAll: true }));
    const { duplicates } = duplicatesOf(found, 2, jobs);
    expect(duplicates).toMatchObject([
      {
        videos: [expect.stringContaining('copy'), expect.stringContaining('test')],
        isSameFile: true,
      },
      { videos: [expect.stringContaining('film'), expect.stringContaining('test')], part: {} },
    ]);
  });

  it('overlap, where both are cut out of a third', () => {
    const [a, b] = [trace(1, 2, 4 * RATE), trace(1, 4, 4 * RATE)];
    expect(excerptsOf([a], [b]).excerpts).toEqual([
      { first: 0, second: 0, seconds: 2, at: [2, 0] },
    ]);
    expect(excerptsOf([a], [trace(1, 5, 4 * RATE)]).excerpts).toEqual([]);
  });

  it('are none of videos that show nothing, or something else', () => {
    const black = new TraceBuilder(Float64Array.from({ length: 60 }, (_, i) => i * 1e5));
    for (let i = 0; i < 60; i++) black.add(i, new Uint8Array(width * height * 3));
    expect(excerptsOf([black.trace(), film], [black.trace(), trace(2, 0, 90)]).excerpts).toEqual(
      [],
    );
  });
});
