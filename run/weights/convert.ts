import {
  type Conversion,
  elementCount,
  type Inflation,
  inflatePatch,
  resizePlaces,
  resizeSlots,
  type Shape,
  toOurs,
} from '../../spec/index.js';
import type { TowerGrid } from './architectures/architecture.js';

/** Sizes on both sides that shapes alone do not tell. */
export interface Geometry {
  readonly from: TowerGrid | undefined;
  readonly to: {
    readonly rows: number;
    readonly columns: number;
    readonly slots: number;
    readonly tubelet: number;
    readonly patch: number;
  };
  readonly inflation: Inflation;
}

/** How a tensor of theirs becomes one of ours. */
export interface Converted {
  /** The shape that theirs must have, as a person reads it. */
  readonly expected: string;
  readonly fits: boolean;
  /** @param plus The table whose first row is added, for `class`. */
  readonly make: (data: Float32Array, plus: Float32Array | undefined) => Float32Array;
}

/** The conversion of a tensor whose shapes are known, checked before anything is read. */
export function converted(
  conversion: Conversion,
  ours: Shape,
  theirs: Shape,
  geometry: Geometry,
): Converted {
  const { from, to, inflation } = geometry;
  const width = ours.at(-1) ?? 1;
  const exactly = (shape: Shape, make: Converted['make']): Converted => ({
    expected: `[${shape}]`,
    fits: String(theirs) === String(shape),
    make,
  });
  /** A table of `rows` rows, however many axes of one stand in front. */
  const table = (rows: number, make: Converted['make']): Converted => ({
    expected: `${rows} rows of ${width}`,
    fits: theirs.length <= 3 && theirs.at(-1) === width && elementCount(theirs) === rows * width,
    make,
  });
  switch (conversion) {
    case 'same':
      return exactly(ours, (data) => data);
    case 'reshape':
      return {
        expected: `[${ours}], with any axes of 1`,
        fits: String(theirs.filter((n) => n > 1)) === String(ours.filter((n) => n > 1)),
        make: (data) => data,
      };
    case 'conv3d': {
      const shape = [ours[0] ?? 0, 3, to.tubelet, to.patch, to.patch];
      return exactly(shape, (data) => toOurs(data, shape, conversion));
    }
    case 'conv2d': {
      const shape = [ours[0] ?? 0, 3, to.patch, to.patch];
      return exactly(shape, (data) =>
        inflatePatch(toOurs(data, shape, conversion), shape[0] ?? 0, to.tubelet, inflation),
      );
    }
    case 'cubes': {
      const outputs = ours[0] ?? 0;
      const single = [outputs, width / to.tubelet];
      if (String(theirs) === String(ours)) return exactly(ours, (data) => data);
      return exactly(single, (data) => inflatePatch(data, outputs, to.tubelet, inflation));
    }
    case 'places': {
      const { rows, columns, first } = from ?? { rows: 0, columns: 0, first: 0 };
      return table(first + rows * columns, (data) =>
        resizePlaces(data.subarray(first * width), [rows, columns], [to.rows, to.columns], width),
      );
    }
    case 'class':
      return {
        expected: `[${ours}], with any axes of 1`,
        fits: theirs.at(-1) === width && elementCount(theirs) === width,
        make: (data, plus) => data.map((value, index) => value + (plus?.[index] ?? 0)),
      };
    case 'slots': {
      const slots = from?.slots ?? 0;
      return table(slots, (data) => resizeSlots(data, slots, to.slots, width));
    }
    case 'rows': {
      const [rows = 0, ...rest] = ours;
      return {
        expected: `at least ${rows} rows of ${rest}`,
        fits: String(theirs.slice(1)) === String(rest) && (theirs[0] ?? 0) >= rows,
        make: (data) => data.subarray(0, elementCount(ours)),
      };
    }
    case 'third.0':
    case 'third.1':
    case 'third.2': {
      const third = Number(conversion.slice(-1));
      const count = elementCount(ours);
      return exactly([3 * (ours[0] ?? 0), ...ours.slice(1)], (data) =>
        data.subarray(third * count, (third + 1) * count),
      );
    }
    default:
      return conversion satisfies never;
  }
}
