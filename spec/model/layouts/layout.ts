import type { Shape } from '../../program/index.js';

/**
 * How a tensor changes between two layouts.
 * - `same`: it does not.
 * - `reshape`: the same elements; axes of one element come or go.
 * - `conv3d`: a Conv3d kernel [D, 3, t, p, p] is our matrix [D, t*p*p*3], channels last.
 * - `conv2d`: a Conv2d kernel [D, 3, p, p] becomes [D, t*p*p*3]: see `inflatePatch`.
 * - `cubes`: our own matrix [D, t*p*p*3], of as many frames or, by `inflatePatch`, of one.
 * - `places`: a table of rows, class token first, without the rows in front of the places: [places, D],
 *   by `resizePlaces` where the grids differ.
 * - `class`: the class token plus the first row of the table `plus`, since our token has no position.
 * - `slots`: a table of slots, by `resizeSlots` where their numbers differ.
 * - `rows`: the first rows of a longer table.
 * - `third.0`, `third.1`, `third.2`: queries, keys or values of one matrix [3D, D] or vector [3D].
 */
export const CONVERSIONS = [
  'same',
  'reshape',
  'conv3d',
  'conv2d',
  'cubes',
  'places',
  'class',
  'slots',
  'rows',
  'third.0',
  'third.1',
  'third.2',
] as const;
export type Conversion = (typeof CONVERSIONS)[number];

/** One tensor in both layouts; `{i}` stands for a block's index. */
export interface LayoutEntry {
  readonly ours: string;
  readonly theirs: string;
  readonly conversion: Conversion;
  /** The table whose first row is added: see `class`. */
  readonly plus?: string;
  /** How many axes of one stand in front of theirs, of a vector, or of a table of rows. @defaultValue 0 */
  readonly leading?: number;
}

/** The correspondence between our names and another library's, with what else must be agreed on. */
export interface Layout {
  readonly name: string;
  readonly entries: readonly LayoutEntry[];
  /** Facts that a name table cannot say, for whoever loads the weights. */
  readonly notes: readonly string[];
}

/** The other library's name and conversion for one of our tensors; undefined where it has none. */
export function theirTensor(layout: Layout, ours: string): TheirTensor | undefined {
  for (const { ours: pattern, theirs, ...rest } of layout.entries) {
    const [before = '', after] = pattern.split('{i}');
    if (after === undefined) {
      if (pattern === ours) return { name: theirs, ...rest };
      continue;
    }
    if (!ours.startsWith(before) || !ours.endsWith(after)) continue;
    const index = ours.slice(before.length, ours.length - after.length);
    if (!/^\d+$/.test(index)) continue;
    return { name: theirs.replace('{i}', index), ...rest };
  }
  return undefined;
}

/** A tensor of the other library, and what becomes of it. */
export interface TheirTensor extends Pick<LayoutEntry, 'conversion' | 'plus' | 'leading'> {
  readonly name: string;
}

/** A tensor of theirs, row-major in `theirShape`, in our order; the size of the result is the same. */
export function toOurs<A extends Float32Array | Float64Array>(
  data: A,
  theirShape: Shape,
  conversion: Conversion,
): A {
  if (conversion !== 'conv3d' && conversion !== 'conv2d') return data;
  return moved(data, theirShape, (theirs, ours) => [theirs, ours]);
}

/** The inverse of `toOurs`: a tensor of ours, in the order of theirs, which is row-major in `theirShape`. */
export function toTheirs<A extends Float32Array | Float64Array>(
  data: A,
  theirShape: Shape,
  conversion: Conversion,
): A {
  if (conversion !== 'conv3d' && conversion !== 'conv2d') return data;
  return moved(data, theirShape, (theirs, ours) => [ours, theirs]);
}

/** Each element of a kernel [D, 3, ...] moved: `places` says from where to where, of its places there and here. */
function moved<A extends Float32Array | Float64Array>(
  data: A,
  theirShape: Shape,
  places: (theirs: number, ours: number) => readonly [from: number, to: number],
): A {
  const [width, channels, ...rest] = theirShape as [number, number, ...number[]];
  const positions = rest.reduce((product, extent) => product * extent, 1);
  const result = data.slice() as A;
  for (let d = 0; d < width; d++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < positions; p++) {
        const theirs = (d * channels + c) * positions + p;
        const [from, to] = places(theirs, (d * positions + p) * channels + c);
        result[to] = data[from] as number;
      }
  return result;
}
