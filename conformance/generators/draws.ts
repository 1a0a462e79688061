import fc from 'fast-check';
import type { Shape } from '../../spec/program/index.js';
import { REGIMES, type Regime } from './regimes.js';

/** Extents that find faults: 1, small, prime, around vector widths, and 0 at times. */
export const extent: fc.Arbitrary<number> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(1, 2, 3, 5, 7, 8, 9, 13, 16, 17) },
  { weight: 1, arbitrary: fc.constant(0) },
);

/** An extent above 0, for what has no meaning on nothing. */
export const positiveExtent: fc.Arbitrary<number> = fc.constantFrom(1, 2, 3, 5, 7, 8, 16, 17, 33);

/** Shapes of rank `least` to `most` with at most a few thousand elements. */
export function shape(
  least: number,
  most: number,
  extents: fc.Arbitrary<number> = extent,
): fc.Arbitrary<Shape> {
  return fc
    .array(extents, { minLength: least, maxLength: most })
    .map((list) =>
      list.map((value, axis) => (axis < list.length - 2 ? Math.min(value, 5) : value)),
    );
}

export const regime: fc.Arbitrary<Regime> = fc.constantFrom(
  ...(Object.keys(REGIMES) as readonly Regime[]),
);

/** The address of the data; its size says nothing, so that shrinking it is useless but harmless. */
export const draw: fc.Arbitrary<number> = fc.nat({ max: 0xffff_ffff });
