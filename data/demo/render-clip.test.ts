import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../spec/random/stream.js';
import { MOTIONS, SHAPES, SIZES, testContents } from './content.js';
import { FRAME_COUNT, FRAME_SIDE, newPicture, type Rgb, toYuv, YUV_BYTES } from './frame.js';
import { drawPath, type Pose } from './motion.js';
import { paintShape } from './paint-shape.js';
import { renderClip } from './render-clip.js';
import { SHAPE_REACH, signedDistance } from './shapes.js';

const stream = (seed: number): RandomStream => new RandomStream({ seed, stream: 'test' });
const seeds = fc.integer({ min: 0, max: 1e9 });
const shapes = fc.constantFrom(...SHAPES);
const coordinate = fc.double({ min: -40, max: 40, noNaN: true });

describe('a shape', () => {
  it('has an inside, and ends within its reach', () => {
    for (const shape of SHAPES) {
      const steps = Array.from({ length: 41 }, (_, i) => (i - 20) / 16);
      const inside = steps.flatMap((y) =>
        steps.filter((x) => signedDistance(shape, 10 * x, 10 * y, 10) < 0).map((x) => [x, y]),
      );
      expect(inside.length, shape).toBeGreaterThan(120);
      for (const [x = 0, y = 0] of inside) {
        expect(Math.max(Math.abs(x), Math.abs(y)), shape).toBeLessThan(SHAPE_REACH);
      }
    }
  });

  it('never overstates its distance', () => {
    fc.assert(
      fc.property(shapes, coordinate, coordinate, coordinate, coordinate, (shape, x, y, u, v) => {
        const change = signedDistance(shape, x, y, 12) - signedDistance(shape, u, v, 12);
        const moved = Math.sqrt((x - u) ** 2 + (y - v) ** 2);
        expect(Math.abs(change)).toBeLessThanOrEqual(moved * (1 + 1e-6) + 1e-6);
      }),
      { numRuns: 2000 },
    );
  });

  it('covers its true area, wherever it lies between the pixels', () => {
    const pixels = FRAME_SIDE * FRAME_SIDE;
    fc.assert(
      fc.property(fc.double({ min: 31, max: 33, noNaN: true }), (centre) => {
        const at = { x: centre, y: 64 - centre, radius: 10 };
        const white: Rgb = [255, 255, 255];
        const share = (shape: 'circle' | 'square' | 'cross'): number =>
          paintShape(newPicture(), shape, at, white).share * pixels;
        expect(share('circle')).toBeCloseTo(Math.PI * 100, -0.5);
        expect(Math.abs(share('square') - 17.2 * 17.2)).toBeLessThan(1.5);
        expect(Math.abs(share('cross') - (2 * 6.4 * 20 - 6.4 * 6.4))).toBeLessThan(6);
      }),
    );
  });

  it('has a box around the pixels that are covered at least by half', () => {
    const around = (picture: Float32Array, least: number): number[] | null => {
      const pixels = Array.from({ length: FRAME_SIDE ** 2 }, (_, i) => i);
      const chosen = pixels.filter((i) => (picture[3 * i] ?? 0) >= least);
      if (chosen.length === 0) return null;
      const xs = chosen.map((i) => i % FRAME_SIDE);
      const ys = chosen.map((i) => Math.floor(i / FRAME_SIDE));
      return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
    };
    const radii = fc.integer({ min: 1, max: 25 });
    fc.assert(
      fc.property(shapes, coordinate, coordinate, radii, (shape, dx, dy, radius) => {
        const picture = newPicture();
        const at = { x: 32 + dx, y: 32 + dy, radius };
        const { box } = paintShape(picture, shape, at, [1, 1, 1]);
        // The picture holds float32: a cover of a half may have been rounded either way, at
        // each of the four edges on its own.
        const outer = around(picture, 0.5 - 1e-6);
        const inner = around(picture, 0.5 + 1e-6);
        if (box === null) {
          expect(inner).toBeNull();
          return;
        }
        for (const edge of [0, 1, 2, 3]) {
          expect([outer?.[edge], inner?.[edge]]).toContain(box[edge]);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a motion', () => {
  const key = ({ x, y, radius, visible, turned }: Pose): string =>
    [x, y, radius, visible, turned].join();

  it('keeps the centre of the object, and as a rule its edge, within the frame', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.constantFrom(...MOTIONS),
        fc.constantFrom(...SIZES),
        (seed, motion, size) => {
          const path = drawPath(motion, size, stream(seed));
          expect(path).toHaveLength(FRAME_COUNT);
          for (const { x, y, radius } of path) {
            expect(radius).toBeGreaterThan(2.5);
            expect(Math.min(x, y) - radius).toBeGreaterThanOrEqual(-0.001);
            expect(Math.max(x, y) + radius).toBeLessThanOrEqual(FRAME_SIDE + 0.001);
          }
        },
      ),
    );
  });

  it('shows in any 16 frames, also when every second, third or fourth of them is seen', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(...MOTIONS), (seed, motion) => {
        const path = drawPath(motion, 'small', stream(seed));
        for (let start = 0; start + 16 <= FRAME_COUNT; start++) {
          for (const stride of [1, 2, 3, 4]) {
            const seen = path.slice(start, start + 16).filter((_, i) => i % stride === 0);
            expect(new Set(seen.map(key)).size, `${motion} ${start} ${stride}`).toBeGreaterThan(1);
          }
        }
      }),
    );
  });

  it('goes where its name says', () => {
    const ends = (motion: (typeof MOTIONS)[number]): [Pose, Pose] => {
      const path = drawPath(motion, 'big', stream(5));
      return [path[0] as Pose, path.at(-1) as Pose];
    };
    const change = (motion: (typeof MOTIONS)[number], field: 'x' | 'y' | 'radius'): number => {
      const [first, last] = ends(motion);
      return last[field] - first[field];
    };
    expect(change('right', 'x')).toBeGreaterThan(25);
    expect(change('left', 'x')).toBeLessThan(-25);
    expect(change('down', 'y')).toBeGreaterThan(25);
    expect(change('up', 'y')).toBeLessThan(-25);
    expect(change('growing', 'radius')).toBeGreaterThan(10);
    expect(change('shrinking', 'radius')).toBeLessThan(-10);
    expect(ends('recolouring').map((pose) => pose.turned)).toEqual([0, 1]);
    const orbit = drawPath('circling', 'small', stream(5));
    const distances = orbit.map(({ x, y }) => Math.sqrt((x - 32) ** 2 + (y - 32) ** 2));
    expect(Math.max(...distances) - Math.min(...distances)).toBeLessThan(1e-9);
  });
});

describe('the conversion to YUV', () => {
  it.each([
    ['black', [0, 0, 0], [16, 128, 128]],
    ['white', [255, 255, 255], [235, 128, 128]],
    ['red', [255, 0, 0], [81, 90, 240]],
    ['green', [0, 255, 0], [145, 54, 34]],
    ['blue', [0, 0, 255], [41, 240, 110]],
  ])('maps %s as BT.601 does', (_, rgb, yuv) => {
    const picture = newPicture().map((_, i) => rgb[i % 3] ?? 0);
    const out = new Uint8Array(YUV_BYTES);
    toYuv(picture, out);
    const luma = FRAME_SIDE * FRAME_SIDE;
    expect([out[0], out[luma], out[luma * 1.25]]).toEqual(yuv);
    expect([out[luma - 1], out[luma * 1.25 - 1], out[luma * 1.5 - 1]]).toEqual(yuv);
  });
});

describe('a rendered clip', () => {
  it('has a box and a share where the object is seen, and neither where it blinks off', () => {
    for (const [index, content] of testContents(0).entries()) {
      const clip = renderClip(content, { seed: 0, split: 'test', index });
      expect(clip.frames).toHaveLength(FRAME_COUNT);
      const hidden = clip.boxes.filter((box) => box === null).length;
      expect(hidden > 0).toBe(content.motion === 'blinking');
      for (const [frame, box] of clip.boxes.entries()) {
        const share = clip.shares[frame] ?? 0;
        expect(share > 0).toBe(box !== null);
        if (box === null) continue;
        const [left, top, right, bottom] = box;
        expect(share * FRAME_SIDE ** 2).toBeLessThan((right - left + 1) * (bottom - top + 1));
      }
    }
  });

  it('differs from another clip of the same content', () => {
    const [content] = testContents(0);
    if (content === undefined) throw new Error('there are held-out contents');
    const draw = (index: number): Uint8Array | undefined =>
      renderClip(content, { seed: 0, split: 'train', index }).frames[0];
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});
