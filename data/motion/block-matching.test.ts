import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomStream } from '../../spec/random/stream.js';
import { matchBlocks, matchingPlanes } from './block-matching.js';
import type { Plane } from './luma.js';

/** A picture without end: noise of 0 to 255 at whole places, `grain` pixels apart, bilinear between. */
function texture(seed: number, grain: number): (x: number, y: number) => number {
  const noise = new RandomStream({ seed, stream: 'test' });
  const values = Uint8Array.from({ length: 64 * 64 }, () => noise.integer(256));
  const value = (x: number, y: number): number => values[(y & 63) * 64 + (x & 63)] as number;
  return (x, y) => {
    const [column, row] = [Math.floor(x / grain), Math.floor(y / grain)];
    const [u, v] = [x / grain - column, y / grain - row];
    const above = (1 - u) * value(column, row) + u * value(column + 1, row);
    const below = (1 - u) * value(column, row + 1) + u * value(column + 1, row + 1);
    return Math.round((1 - v) * above + v * below);
  };
}

function picture(width: number, height: number, at: (x: number, y: number) => number): Plane {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    at(i % width, Math.floor(i / width)),
  );
  return { width, height, data };
}

function offsetsBetween(current: Plane, reference: Plane, block: number, subpixel = true) {
  const options = { block, subpixel };
  const planes = (plane: Plane) => matchingPlanes(plane, options);
  return matchBlocks(planes(current), planes(reference), options);
}

/** The blocks that are far enough from the edge for their match to lie inside the frame. */
function inner(found: ReturnType<typeof offsetsBetween>, block: number, distance: number) {
  const away = Math.ceil((Math.max(8 - block, 0) / 2 + distance) / block);
  const blocks: [number, number][] = [];
  for (let row = away; row < found.rows - away; row++) {
    for (let column = away; column < found.columns - away; column++) {
      const n = row * found.columns + column;
      blocks.push([found.offsets[2 * n] as number, found.offsets[2 * n + 1] as number]);
    }
  }
  return blocks;
}

const scenes = fc.record({
  seed: fc.nat(),
  grain: fc.constantFrom(1, 2, 3, 5),
  block: fc.constantFrom(4, 7, 8, 12, 16),
  columns: fc.integer({ min: 6, max: 14 }),
  rows: fc.integer({ min: 6, max: 14 }),
  subpixel: fc.boolean(),
});

describe('matchBlocks', () => {
  it('recovers a planted motion of 2 pixels exactly, whatever its direction, texture and blocks', () => {
    const directions = fc.constantFrom(
      ...[-2, -1, 0, 1, 2].flatMap((x) => [-2, -1, 0, 1, 2].map((y) => [x, y] as const)),
    );
    fc.assert(
      fc.property(scenes, directions, ({ seed, grain, block, columns, rows, subpixel }, [x, y]) => {
        const at = texture(seed, grain);
        const before = picture(columns * block, rows * block, at);
        const after = picture(columns * block, rows * block, (u, v) => at(u - x, v - y));
        const found = inner(offsetsBetween(after, before, block, subpixel), block, 2);
        expect(found.length).toBeGreaterThan(0);
        for (const offset of found) expect(offset).toEqual([-4 * x || 0, -4 * y || 0]);
      }),
      { numRuns: 200 },
    );
  });

  it('recovers larger motions of smooth textures exactly', () => {
    const far = fc.integer({ min: -12, max: 12 });
    fc.assert(
      fc.property(fc.nat(), far, far, (seed, x, y) => {
        const at = texture(seed, 6);
        const before = picture(128, 128, at);
        const after = picture(128, 128, (u, v) => at(u - x, v - y));
        const found = inner(offsetsBetween(after, before, 16), 16, 16);
        for (const offset of found) expect(offset).toEqual([-4 * x || 0, -4 * y || 0]);
      }),
      { numRuns: 60 },
    );
  });

  it('recovers half and quarter pixels of a smooth texture to a quarter pixel, by the median block', () => {
    const quarters = fc.integer({ min: -7, max: 7 });
    fc.assert(
      fc.property(fc.nat(), quarters, quarters, (seed, x, y) => {
        const at = texture(seed, 8);
        const before = picture(96, 96, at);
        const after = picture(96, 96, (u, v) => at(u - x / 4, v - y / 4));
        const found = inner(offsetsBetween(after, before, 8), 8, 2);
        const middle = (axis: 0 | 1) =>
          found.map((offset) => offset[axis]).sort((a, b) => a - b)[found.length >> 1] as number;
        expect(Math.abs(middle(0) + x)).toBeLessThanOrEqual(1);
        expect(Math.abs(middle(1) + y)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  });

  it('finds an object that moves before a resting background, and only that', () => {
    const [ground, object] = [texture(1, 3), texture(2, 2)];
    const scene = (left: number) =>
      picture(112, 112, (x, y) =>
        x >= left && x < left + 32 && y >= 40 && y < 72 ? object(x - left, y) : ground(x, y),
      );
    const { offsets, columns } = offsetsBetween(scene(43), scene(40), 8);
    const at = (row: number, column: number) => [...offsets.slice(2 * (row * columns + column))];
    expect(at(6, 6).slice(0, 2)).toEqual([-12, 0]);
    expect(at(6, 7).slice(0, 2)).toEqual([-12, 0]);
    expect(at(2, 2).slice(0, 2)).toEqual([0, 0]);
    expect(at(12, 12).slice(0, 2)).toEqual([0, 0]);
  });

  it('leaves flat blocks at rest and says that they are not measured, whatever the noise of one level', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 254 }), (seed, level) => {
        const noise = new RandomStream({ seed, stream: 'test' });
        const dotted = () => picture(64, 48, () => level + (noise.integer(8) === 0 ? 1 : 0));
        const { offsets, measured } = offsetsBetween(dotted(), dotted(), 8);
        expect(offsets.every((value) => value === 0)).toBe(true);
        expect(measured.every((value) => value === 0)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('takes of equal matches the shorter, then the upper, then the left one', () => {
    // Stripes four pixels apart that moved by two: left and right fit equally well.
    const stripes = (shift: number) => picture(64, 64, (x) => (((x + shift) & 3) < 2 ? 200 : 40));
    const { offsets, columns } = offsetsBetween(stripes(2), stripes(0), 8);
    const n = 3 * columns + 3;
    expect([offsets[2 * n], offsets[2 * n + 1]]).toEqual([-8, 0]);
    const lines = (shift: number) => picture(64, 64, (_, y) => (((y + shift) & 3) < 2 ? 200 : 40));
    const down = offsetsBetween(lines(2), lines(0), 8);
    expect([down.offsets[2 * n], down.offsets[2 * n + 1]]).toEqual([0, -8]);
  });

  it('takes frames smaller than its window', () => {
    const plane = picture(4, 4, (x, y) => 50 * ((x + y) & 1));
    const { rows, columns } = offsetsBetween(plane, plane, 4);
    expect([rows, columns]).toEqual([1, 1]);
  });
});
