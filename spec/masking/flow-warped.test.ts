import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exp } from '../numeric/exp.js';
import { choose } from '../random/shuffle.js';
import { RandomStream } from '../random/stream.js';
import { drawMask, type MaskAddress, maskCounts } from './draw-mask.js';
import { flowWarped } from './flow-warped.js';
import type { Grid } from './grid.js';

const grids = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  rows: fc.integer({ min: 3, max: 8 }),
  columns: fc.integer({ min: 3, max: 8 }),
});
const addresses = fc.record({ seed: fc.nat(), epoch: fc.nat(300), sample: fc.nat() });

/** A flow that is (x, y), in 1/256 patches, for every block of every frame. */
function flow(grid: Grid, tubelet: number, at: (t: number) => readonly [number, number]) {
  const frame = grid.rows * grid.columns * 8;
  return Int16Array.from(
    { length: frame * grid.slots * tubelet },
    (_, i) => at(Math.floor(i / frame))[i % 2] as number,
  );
}

function visiblePlaces(grid: Grid, address: MaskAddress, ratio: number, map: Int16Array) {
  const { visible } = drawMask({ kind: 'flow-warped', ratio }, grid, address, map);
  const places = grid.rows * grid.columns;
  return Array.from({ length: grid.slots }, (_, slot) =>
    [...visible].filter((n) => Math.floor(n / places) === slot).map((n) => n % places),
  );
}

/** The mask by its docstring in floating point: visible places of a slot, for a flow of whole samples. */
function slowSums(grid: Grid, address: MaskAddress, ratio: number, map: Int16Array): number[] {
  const { rows, columns, slots } = grid;
  const places = rows * columns;
  const stream = new RandomStream({ ...address, stream: 'videoMask' });
  const centres = choose(stream, places, places - Math.floor(ratio * places));
  const gaussian = (distance: number): number =>
    Math.floor(65536 * exp(-(distance * distance)) + 0.5);
  const base = (x: number, y: number): number =>
    Math.max(
      ...[...centres].map((place) => {
        const dx = gaussian((x + 0.5) / 8 - (place % columns) - 0.5);
        const dy = gaussian((y + 0.5) / 8 - Math.floor(place / columns) - 0.5);
        return Math.floor((dx * dy) / 65536);
      }),
    );
  const frames = map.length / (8 * places);
  const middle = frames >> 1;
  const value = (t: number, x: number, y: number): number => {
    if (t === middle) return base(x, y);
    const at = ((t * 2 * rows + (y >> 2)) * 2 * columns + (x >> 2)) * 2;
    const u = x + (map[at] as number) / 32;
    const v = y + (map[at + 1] as number) / 32;
    if (u < 0 || v < 0 || u >= 8 * columns || v >= 8 * rows) return base(x, y);
    return value(t < middle ? t + 1 : t - 1, u, v);
  };
  const sums = new Array<number>(slots * places).fill(0);
  for (let t = 0; t < frames; t++) {
    for (let y = 0; y < 8 * rows; y++) {
      for (let x = 0; x < 8 * columns; x++) {
        const slot = Math.floor(t / (frames / slots));
        const n = slot * places + (y >> 3) * columns + (x >> 3);
        sums[n] = (sums[n] as number) + value(t, x, y);
      }
    }
  }
  return sums;
}

describe('flow-warped', () => {
  it('is a tube where nothing moves, around the places that are drawn', () => {
    fc.assert(
      fc.property(grids, addresses, fc.constantFrom(0.5, 0.75, 0.8), (grid, address, ratio) => {
        const slots = visiblePlaces(
          grid,
          address,
          ratio,
          flow(grid, 2, () => [0, 0]),
        );
        for (const slot of slots) expect(slot).toEqual(slots[0]);
        const places = grid.rows * grid.columns;
        const stream = new RandomStream({ ...address, stream: 'videoMask' });
        const drawn = new Set(choose(stream, places, places - Math.floor(ratio * places)));
        for (const place of slots[0] ?? []) expect(drawn.has(place)).toBe(true);
      }),
    );
  });

  it('agrees with its formula, written again without tables, for flows of whole samples', () => {
    fc.assert(
      fc.property(
        fc.record({ ...GRID_OF_FEW, seed: fc.nat(), motion: fc.constantFrom(1, 4, 9) }),
        ({ slots, rows, columns, seed, motion }) => {
          const grid = { slots, rows, columns };
          const draw = new RandomStream({ seed, stream: 'test' });
          const map = Int16Array.from(
            { length: slots * 2 * rows * columns * 8 },
            () => 32 * (draw.integer(2 * motion + 1) - motion),
          );
          const address = { seed };
          const { masked } = drawMask({ kind: 'flow-warped', ratio: 0.7 }, grid, address, map);
          const sums = slowSums(grid, address, 0.7, map);
          const places = rows * columns;
          const count = maskCounts({ kind: 'flow-warped', ratio: 0.7 }, grid).masked / slots;
          const expected = Array.from({ length: slots }, (_, slot) =>
            sums
              .slice(slot * places, (slot + 1) * places)
              .map((sum, i) => ({ sum, n: slot * places + i }))
              .sort((a, b) => a.sum - b.sum)
              .slice(0, count)
              .map(({ n }) => n)
              .sort((a, b) => a - b),
          );
          expect([...masked]).toEqual(expected.flat());
        },
      ),
      { numRuns: 40 },
    );
  });

  it('carries the visible places along: a patch a slot to the right, away from the middle slot', () => {
    // One frame a slot. Content moves right by a patch a frame: later frames find it to the left in
    // the frame before, earlier ones to the right in the frame after.
    const grid = { slots: 3, rows: 6, columns: 9 };
    const map = flow(grid, 1, (t) => [t === 2 ? -256 : 256, 0]);
    let carried = 0;
    for (let seed = 0; seed < 20; seed++) {
      const [before, middle, after] = visiblePlaces(grid, { seed }, 0.9, map) as [
        number[],
        number[],
        number[],
      ];
      const inside = (middle as number[]).filter((n) => n % 9 > 0 && n % 9 < 8);
      for (const n of inside) {
        // What holes bring in at the edge may displace a place of equal value.
        if (after.every((m) => m % 9 > 0)) {
          expect(after).toContain(n + 1);
          carried++;
        }
        if (before.every((m) => m % 9 < 8)) expect(before).toContain(n - 1);
      }
    }
    expect(carried).toBeGreaterThan(20);
  });

  it('takes flows to the ends of their type: everything is a hole, and the base map stays', () => {
    const grid = { slots: 2, rows: 4, columns: 4 };
    const still = visiblePlaces(
      grid,
      { seed: 5 },
      0.75,
      flow(grid, 2, () => [0, 0]),
    );
    for (const far of [-32768, 32767]) {
      expect(
        visiblePlaces(
          grid,
          { seed: 5 },
          0.75,
          flow(grid, 2, () => [far, 0]),
        ),
      ).toEqual(still);
    }
  });

  it('draws one place more than it leaves visible at ratio 0.9 of 196, as the code does', () => {
    const grid = { slots: 8, rows: 14, columns: 14 };
    const map = flow(grid, 2, () => [0, 0]);
    const [visible] = visiblePlaces(grid, { seed: 1 }, 0.9, map);
    expect(visible?.length).toBe(19);
    expect(flowWarped.rounding).toBe('floor-visible');
  });

  it('keeps its mask', () => {
    const grid = { slots: 2, rows: 3, columns: 5 };
    const map = Int16Array.from({ length: 480 }, (_, i) => ((i * 7919) % 512) - 256);
    const { visible } = drawMask({ kind: 'flow-warped', ratio: 0.6 }, grid, { seed: 7 }, map);
    expect([...visible]).toMatchInlineSnapshot(`
      [
        3,
        7,
        8,
        9,
        13,
        14,
        16,
        18,
        19,
        22,
        28,
        29,
      ]
    `);
  });

  it('refuses a flow that is no whole number of frames a slot, or of too many', () => {
    const grid = { slots: 2, rows: 2, columns: 2 };
    for (const length of [0, 8, 63, 64 + 32, 64 * 257]) {
      expect(() =>
        drawMask({ kind: 'flow-warped', ratio: 0.5 }, grid, { seed: 1 }, new Int16Array(length)),
      ).toThrow(/flow map does not fit/);
    }
  });
});

const GRID_OF_FEW = {
  slots: fc.integer({ min: 1, max: 3 }),
  rows: fc.integer({ min: 2, max: 5 }),
  columns: fc.integer({ min: 2, max: 5 }),
};
