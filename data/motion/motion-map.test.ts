import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyField, type MotionField } from './motion-field.js';
import { motionMap } from './motion-map.js';

const KEEP = { tubelet: 2, blocksPerPatch: 2, camera: 'keep' } as const;
const COMPENSATE = { ...KEEP, camera: 'compensate' } as const;

/** A field of 4 frames of 4 x 6 blocks with these vectors, all known. */
function fieldOf(vector: (t: number, row: number, column: number) => readonly [number, number]) {
  const field = emptyField(4, 4, 6);
  for (let n = 0; n < field.measured.length; n++) {
    const [t, row, column] = [Math.floor(n / 24), Math.floor((n % 24) / 6), n % 6];
    field.vectors.set(vector(t, row, column), 2 * n);
    field.measured[n] = 1;
  }
  return field;
}

const fields = fc
  .array(fc.integer({ min: -600, max: 600 }), { minLength: 192, maxLength: 192 })
  .map(
    (values): MotionField =>
      fieldOf((t, row, column) => {
        const n = 2 * (t * 24 + row * 6 + column);
        return [values[n] as number, values[n + 1] as number];
      }),
  );

describe('motionMap', () => {
  it('sums over the frames of a cube the mean length of its blocks, in 1/64 pixels', () => {
    const field = fieldOf((t, row, column) =>
      row < 2 && column < 2 && t < 2 ? [16 * 3 * (column + 1), 16 * 4 * (column + 1)] : [0, 0],
    );
    // Blocks of 5 and 10 pixels: a mean of 7.5, twice.
    expect([...motionMap(field, KEEP)]).toEqual([960, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('takes camera motion out: any motion that all blocks share changes nothing', () => {
    fc.assert(
      fc.property(
        fields,
        fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 8, maxLength: 8 }),
        (field, pan) => {
          const moved = { ...field, vectors: field.vectors.slice() };
          moved.vectors.forEach((value, i) => {
            moved.vectors[i] = value + (pan[2 * Math.floor(i / 48) + (i % 2)] as number);
          });
          expect(motionMap(moved, COMPENSATE)).toEqual(motionMap(field, COMPENSATE));
        },
      ),
    );
  });

  it('keeps an object that moves before a panning camera, and blocks without known motion at rest', () => {
    const field = fieldOf((_, row, column) => (row < 2 && column < 2 ? [80, 32] : [64, 0]));
    const flat = 47;
    field.measured[flat] = 0;
    field.vectors.set([0, 0], 2 * flat);
    const map = motionMap(field, COMPENSATE);
    expect(map[0]).toBeGreaterThan(0);
    expect([...map].filter((value) => value > 0).length).toBe(2); // one place, both slots
  });

  it('stops at the end of uint16', () => {
    const far = fieldOf(() => [32767, 32767]);
    expect(Math.min(...motionMap(far, KEEP))).toBe(65535);
  });
});
