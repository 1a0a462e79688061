import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFrames } from './key-frames.js';

describe('key frames', () => {
  it.each([
    [1, 3, [0]],
    [2, 3, [0, 1]],
    [3, 3, [0, 1, 2]],
    [4, 3, [0, 2, 3]],
    [90, 3, [15, 45, 75]],
    [77, 3, [12, 38, 64]],
    [10, 1, [5]],
  ])('of %i frames, %i wanted', (frames, count, expected) => {
    expect(keyFrames(frames, count)).toEqual(expected);
  });

  it('lie one in each of equal segments, at its middle, in order, each once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 20 }),
        fc.integer({ min: 1, max: 9 }),
        (F, count) => {
          const frames = keyFrames(F, count);
          const n = Math.min(count, F);
          expect(frames).toHaveLength(n);
          frames.forEach((frame, i) => {
            // In integers: the segment is [iF, (i+1)F) / n, its middle (2i+1)F / 2n.
            expect(frame * n).toBeGreaterThanOrEqual(i * F - (n - 1));
            expect(frame * n).toBeLessThan((i + 1) * F);
            expect(2 * n * frame).toBeLessThanOrEqual((2 * i + 1) * F);
            expect(2 * n * (frame + 1)).toBeGreaterThan((2 * i + 1) * F);
            if (i > 0) expect(frame).toBeGreaterThan(frames[i - 1] ?? F);
          });
        },
      ),
    );
  });
});
