import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CroppedView, cropFrameMap, type FrameCells } from './crop-map.js';

const side = (max: number) => fc.integer({ min: 1, max });

/** A frame with cells, a crop inside it and a grid of places; sizes that divide nothing evenly. */
const views = fc
  .record({ width: side(90), height: side(90), rows: side(9), columns: side(9) })
  .chain((cells) =>
    fc
      .record({
        x: fc.integer({ min: 0, max: cells.width - 1 }),
        y: fc.integer({ min: 0, max: cells.height - 1 }),
        wide: fc.double({ min: 0, max: 1, noNaN: true }),
        tall: fc.double({ min: 0, max: 1, noNaN: true }),
        flip: fc.boolean(),
        rows: side(7),
        columns: side(7),
        values: fc.array(fc.integer({ min: -32768, max: 32767 }), {
          minLength: cells.rows * cells.columns,
          maxLength: cells.rows * cells.columns,
        }),
      })
      .map(({ x, y, wide, tall, flip, rows, columns, values }) => {
        const width = 1 + Math.floor(wide * (cells.width - x - 1));
        const height = 1 + Math.floor(tall * (cells.height - y - 1));
        const view: CroppedView = { crop: { x, y, width, height }, flip, rows, columns };
        return { cells, view, map: Int16Array.from(values) };
      }),
  );

/** The rule by its definition, in fractions of BigInt: overlaps of real intervals. */
function byDefinition(map: Int16Array, cells: FrameCells, view: CroppedView): number[] {
  const { crop, flip, rows, columns } = view;
  const overlap = (a0: bigint, a1: bigint, b0: bigint, b1: bigint): bigint => {
    const length = (a1 < b1 ? a1 : b1) - (a0 > b0 ? a0 : b0);
    return length > 0n ? length : 0n;
  };
  const [W, H, R, C] = [cells.width, cells.height, cells.rows, cells.columns].map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const [pr, pc] = [BigInt(rows), BigInt(columns)];
  return Array.from({ length: rows * columns }, (_, n) => {
    const i = BigInt(Math.floor(n / columns));
    const shown = n % columns;
    const j = BigInt(flip ? columns - 1 - shown : shown);
    let sum = 0n;
    let area = 0n;
    map.forEach((value, cell) => {
      const r = BigInt(Math.floor(cell / cells.columns));
      const c = BigInt(cell % cells.columns);
      const x0 = (BigInt(crop.x) * pc + j * BigInt(crop.width)) * C;
      const y0 = (BigInt(crop.y) * pr + i * BigInt(crop.height)) * R;
      const wide = overlap(x0, x0 + BigInt(crop.width) * C, c * W * pc, (c + 1n) * W * pc);
      const tall = overlap(y0, y0 + BigInt(crop.height) * R, r * H * pr, (r + 1n) * H * pr);
      sum += wide * tall * BigInt(value);
      area += wide * tall;
    });
    const [a, b] = [2n * sum + area, 2n * area];
    return Number(a % b < 0n ? a / b - 1n : a / b);
  });
}

describe('cropFrameMap', () => {
  it('is the mean by shared area, rounded halves upwards, as its definition in fractions says', () => {
    fc.assert(
      fc.property(views, ({ cells, view, map }) => {
        expect([...cropFrameMap(map, cells, view)]).toEqual(byDefinition(map, cells, view));
      }),
      { numRuns: 300 },
    );
  });

  it('is the identity for the whole frame and an equal grid', () => {
    fc.assert(
      fc.property(views, ({ cells, map }) => {
        const crop = { x: 0, y: 0, width: cells.width, height: cells.height };
        const view = { crop, flip: false, rows: cells.rows, columns: cells.columns };
        expect(cropFrameMap(map, cells, view)).toEqual(map);
        const mirrored = cropFrameMap(map, cells, { ...view, flip: true });
        expect(cropFrameMap(mirrored, cells, { ...view, flip: true })).toEqual(map);
      }),
    );
  });

  it('keeps a constant map constant, and stays between the lowest and the highest cell', () => {
    fc.assert(
      fc.property(views, ({ cells, view, map }) => {
        const constant = map.slice().fill(map[0] as number);
        expect(new Set(cropFrameMap(constant, cells, view))).toEqual(new Set([map[0]]));
        const values = cropFrameMap(map, cells, view);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.min(...map));
        expect(Math.max(...values)).toBeLessThanOrEqual(Math.max(...map));
      }),
    );
  });

  it('mirrors with the clip: a mirrored frame under the mirrored crop gives the mirrored map', () => {
    fc.assert(
      fc.property(views, ({ cells, view, map }) => {
        const mirror = (values: Int16Array, columns: number): Int16Array =>
          values.map((_, n) => {
            const row = Math.floor(n / columns);
            return values[row * columns + columns - 1 - (n % columns)] as number;
          });
        const { crop } = view;
        const other = { ...crop, x: cells.width - crop.x - crop.width };
        const straight = cropFrameMap(map, cells, view);
        expect(cropFrameMap(map, cells, { ...view, flip: !view.flip })).toEqual(
          mirror(straight, view.columns),
        );
        expect(cropFrameMap(mirror(map, cells.columns), cells, { ...view, crop: other })).toEqual(
          mirror(straight, view.columns),
        );
      }),
    );
  });

  it('takes a cell where the crop is inside it, and the mean where it lies across two', () => {
    const cells = { width: 20, height: 10, rows: 1, columns: 2 };
    const map = Int16Array.of(10, 21);
    const at = (x: number): number[] => {
      const crop = { x, y: 2, width: 4, height: 4 };
      return [...cropFrameMap(map, cells, { crop, flip: false, rows: 1, columns: 1 })];
    };
    expect([at(0), at(6), at(7), at(8), at(12)]).toEqual([[10], [10], [13], [16], [21]]);
  });

  it('is exact on frames whose areas exceed the integers of a double', () => {
    const cells = { width: 65_521, height: 65_519, rows: 61, columns: 67 };
    const map = Int16Array.from({ length: 61 * 67 }, (_, i) => ((i * 7919) % 65_536) - 32_768);
    const crop = { x: 13, y: 17, width: 65_503, height: 65_497 };
    const view = { crop, flip: true, rows: 3, columns: 2 };
    expect([...cropFrameMap(map, cells, view)]).toEqual(byDefinition(map, cells, view));
  });

  it.each([
    ['a crop that leaves the frame', { x: 17, y: 0, width: 4, height: 4 }, 2],
    ['a crop at half a pixel', { x: 0.5, y: 0, width: 4, height: 4 }, 2],
    ['an empty crop', { x: 0, y: 0, width: 0, height: 4 }, 2],
    ['a map of another grid', { x: 0, y: 0, width: 4, height: 4 }, 3],
  ])('refuses %s', (_, crop, cellsStored) => {
    const cells = { width: 20, height: 10, rows: 1, columns: 2 };
    const view = { crop, flip: false, rows: 1, columns: 1 };
    expect(() => cropFrameMap(new Int16Array(cellsStored), cells, view)).toThrow(/does not fit/);
  });
});
