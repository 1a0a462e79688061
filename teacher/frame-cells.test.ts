import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutFrame, denseCut, joinTiles, patchesCut } from './frame-cells.js';

describe('patchesCut', () => {
  it('has the cells along the short side, and about square ones', () => {
    expect(patchesCut({ width: 224, height: 224 }, 14)).toEqual({
      rows: 14,
      columns: 14,
      across: 14,
      down: 14,
    });
    expect(patchesCut({ width: 640, height: 360 }, 14)).toMatchObject({ rows: 14, columns: 25 });
    expect(patchesCut({ width: 360, height: 640 }, 14)).toMatchObject({ rows: 25, columns: 14 });
  });
});

describe('denseCut', () => {
  it('is one image up to 2:1, and then one more for every further side', () => {
    const images = (width: number, height: number): number[] => {
      const { across, down, rows, columns } = denseCut({ width, height }, 7);
      return [across, down, rows, columns];
    };
    expect(images(1920, 1080)).toEqual([1, 1, 7, 7]);
    expect(images(1000, 500)).toEqual([2, 1, 7, 14]);
    expect(images(300, 1000)).toEqual([1, 3, 21, 7]);
  });
});

describe('cutFrame', () => {
  it('cuts the boxes in order, unresized where they have the size already', () => {
    const size = { width: 6, height: 4 };
    const frame = Uint8Array.from({ length: 6 * 4 * 3 }, (_, i) => i);
    const images = cutFrame(frame, size, { across: 3, down: 2 }, 2);
    const pixel = (x: number, y: number): number[] => [
      ...frame.subarray((y * 6 + x) * 3, (y * 6 + x + 1) * 3),
    ];
    expect(images.length).toBe(6 * 12);
    expect([...images.subarray(12, 24)]).toEqual(
      [
        [2, 0],
        [3, 0],
        [2, 1],
        [3, 1],
      ].flatMap(([x, y]) => pixel(x as number, y as number)),
    );
    expect([...images.subarray(60, 66)]).toEqual([...pixel(4, 2), ...pixel(5, 2)]);
  });

  it('takes a frame with fewer pixels than cells', () => {
    const images = cutFrame(
      Uint8Array.of(1, 2, 3),
      { width: 1, height: 1 },
      { across: 2, down: 3 },
      2,
    );
    expect([...images]).toEqual(Array.from({ length: 24 }, () => [1, 2, 3]).flat());
  });
});

describe('joinTiles', () => {
  it('puts every tile where it was cut, whatever the number of tiles', () => {
    const side = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(side, side, side, (across, down, cells) => {
        const cut = { across, down, rows: down * cells, columns: across * cells };
        const tiles = new Float64Array(cut.rows * cut.columns);
        const expected = new Float64Array(tiles.length);
        for (let row = 0; row < cut.rows; row++) {
          for (let column = 0; column < cut.columns; column++) {
            const value = row * 100 + column;
            const tile = Math.floor(row / cells) * across + Math.floor(column / cells);
            tiles[tile * cells * cells + (row % cells) * cells + (column % cells)] = value;
            expected[row * cut.columns + column] = value;
          }
        }
        expect(joinTiles(tiles, cut)).toEqual(expected);
      }),
    );
  });
});
