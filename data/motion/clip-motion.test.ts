import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../spec/random/stream.js';
import { blockMotion, flowMap } from './clip-motion.js';

const SIZE = 64;

/** A clip of grey noise that moves by (x, y) pixels a frame. */
function movingClip(frames: number, x: number, y: number): Uint8Array {
  const noise = new RandomStream({ seed: 9, stream: 'test' });
  const values = Uint8Array.from({ length: 256 * 256 }, () => noise.integer(256));
  return Uint8Array.from({ length: frames * SIZE * SIZE * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const t = Math.floor(pixel / SIZE ** 2);
    const row = Math.floor((pixel % SIZE ** 2) / SIZE);
    return values[(row + 96 - y * t) * 256 + (pixel % SIZE) + 96 - x * t] as number;
  });
}

const clip = (frames: number, patch = 16) => ({
  video: movingClip(frames, 2, -1),
  width: SIZE,
  height: SIZE,
  patch,
});

describe('blockMotion', () => {
  it("is how far content has come since the frame before; the first frame has the second one's", () => {
    const { vectors, frames, rows, columns } = blockMotion(clip(4));
    expect([frames, rows, columns]).toEqual([4, 8, 8]);
    for (let t = 0; t < 4; t++) {
      const n = 2 * (t * 64 + 27);
      expect([vectors[n], vectors[n + 1]]).toEqual([32, -16]);
    }
  });

  it('knows of no motion in a single frame', () => {
    const { vectors, measured } = blockMotion(clip(1));
    expect([...vectors, ...measured].every((value) => value === 0)).toBe(true);
  });
});

describe('flowMap', () => {
  it.each([16, 8, 32])(
    'points to the frame nearer the middle, in 1/256 of a patch of %i',
    (patch) => {
      const flow = flowMap(clip(5, patch));
      const side = (2 * SIZE) / patch;
      expect(flow.length).toBe(5 * side * side * 2);
      const inner = (side >> 1) * side + (side >> 1);
      const unit = 256 / patch;
      for (let t = 0; t < 5; t++) {
        const n = 2 * (t * side * side + inner);
        const sign = Math.sign(2 - t); // before frame 2 the content lies ahead
        expect([flow[n], flow[n + 1]]).toEqual([2 * unit * sign || 0, -unit * sign || 0]);
      }
    },
  );

  it('gives the four quarters of an odd patch the motion of the whole', () => {
    const odd = {
      ...clip(2),
      video: clip(2).video.slice(0, 2 * 49 * 49 * 3),
      width: 49,
      height: 49,
    };
    const flow = flowMap({ ...odd, patch: 7 });
    expect(flow.length).toBe(2 * 14 * 14 * 2);
    const [first, right, below] = [0, 1, 14].map((n) => [...flow.slice(2 * n, 2 * n + 2)]);
    expect(right).toEqual(first);
    expect(below).toEqual(first);
  });
});
