import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inflatePatch, resizePlaces, resizeSlots } from './transfer.js';

interface Resize<Size> {
  readonly from: Size;
  readonly to: Size;
  readonly table: readonly number[];
  readonly out: readonly number[];
}

const VECTORS = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'resizes.json'), 'utf8'),
) as {
  readonly places: readonly Resize<[number, number]>[];
  readonly slots: readonly Resize<number>[];
};

/** Both in float64, one rounding to float32 apart. */
function expectRounded(got: Float32Array, want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  for (const [index, value] of want.entries()) {
    expect(Math.abs((got[index] ?? Number.NaN) - value)).toBeLessThan(
      2 ** -22 * Math.max(1, Math.abs(value)),
    );
  }
}

describe('a table of places', () => {
  it.each(VECTORS.places)(
    'of $from becomes one of $to as in PyTorch',
    ({ from, to, table, out }) => {
      expectRounded(resizePlaces(table, from, to, 2), out);
    },
  );

  it('of the same grid keeps its bits', () => {
    const table = Float32Array.of(0.1, -0.2, 0.3, -0, 1e-40, 7);
    expect(resizePlaces(table, [3, 1], [3, 1], 2)).toEqual(table);
  });

  it('that is not of its grid is refused', () => {
    expect(() => resizePlaces([1, 2, 3], [2, 2], [3, 3], 1)).toThrow('got 3 numbers, expected 4');
  });
});

describe('a table of slots', () => {
  it.each(VECTORS.slots)(
    'of $from becomes one of $to as in PyTorch',
    ({ from, to, table, out }) => {
      expectRounded(resizeSlots(table, from, to, 2), out);
    },
  );
});

describe('the kernel of a patch', () => {
  const kernel = [1, 2, 3, 4, 5, 6];

  it('is shared among the frames of a cube', () => {
    expect([...inflatePatch(kernel, 2, 2, 'average')]).toEqual([
      ...[0.5, 1, 1.5, 0.5, 1, 1.5],
      ...[2, 2.5, 3, 2, 2.5, 3],
    ]);
  });

  it('is that of the middle frame', () => {
    expect([...inflatePatch(kernel, 2, 3, 'centre')]).toEqual([
      ...[0, 0, 0, 1, 2, 3, 0, 0, 0],
      ...[0, 0, 0, 4, 5, 6, 0, 0, 0],
    ]);
  });
});
