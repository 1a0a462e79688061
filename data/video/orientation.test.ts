import { describe, expect, it } from 'vitest';
import { orientationOf, shownSize, storedCrop, UPRIGHT } from './orientation.js';

const ONE = 65536;
/** The signs (a, b, c, d) of the eight right-angle display matrices. */
const SIGNS = [
  [1, 0, 0, 1],
  [-1, 0, 0, 1],
  [1, 0, 0, -1],
  [-1, 0, 0, -1],
  [0, 1, 1, 0],
  [0, 1, -1, 0],
  [0, -1, 1, 0],
  [0, -1, -1, 0],
] as const;

function matrix(a: number, b: number, c: number, d: number): number[] {
  return [a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 2 ** 30];
}

describe('orientationOf', () => {
  it.each(SIGNS)(
    'places stored pixels where the matrix (%i %i, %i %i) sends them',
    (a, b, c, d) => {
      const stored = { width: 5, height: 3 };
      const orientation = orientationOf(matrix(a, b, c, d));
      const shown = shownSize(stored, orientation);
      for (let y = 0; y < stored.height; y++) {
        for (let x = 0; x < stored.width; x++) {
          const sentX = a * x + c * y;
          const sentY = b * x + d * y;
          const shownX = sentX + (a + c < 0 ? shown.width - 1 : 0);
          const shownY = sentY + (b + d < 0 ? shown.height - 1 : 0);
          const crop = { x: shownX, y: shownY, width: 1, height: 1 };
          expect(storedCrop(crop, stored, orientation)).toEqual({ x, y, width: 1, height: 1 });
        }
      }
    },
  );

  it('shows as stored what is turned by another angle, or by an empty or short matrix', () => {
    expect(orientationOf(matrix(1, 1, -1, 1))).toEqual(UPRIGHT);
    expect(orientationOf(matrix(0, 0, 0, 0))).toEqual(UPRIGHT);
    expect(orientationOf([])).toEqual(UPRIGHT);
  });
});

describe('storedCrop', () => {
  it('keeps the area of a box and stays inside the stored frame for every orientation', () => {
    const stored = { width: 7, height: 11 };
    for (const [a, b, c, d] of SIGNS) {
      const orientation = orientationOf(matrix(a, b, c, d));
      const shown = shownSize(stored, orientation);
      const crop = { x: 1, y: 2, width: shown.width - 3, height: shown.height - 2 };
      const box = storedCrop(crop, stored, orientation);
      expect(box.width * box.height).toBe(crop.width * crop.height);
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(stored.width);
      expect(box.y + box.height).toBeLessThanOrEqual(stored.height);
    }
  });
});
