import type { Shape } from '../../program/index.js';

/**
 * How a tensor changes between two layouts.
 * - `same`: it does not.
 * - `reshape`: the same elements in another shape.
 * - `conv3d`: a Conv3d kernel [D, 3, t, p, p] is our matrix [D, t*p*p*3], channels last.
 */
export type Conversion = 'same' | 'reshape' | 'conv3d';

/** One tensor in both layouts; `{i}` stands for a block's index. */
export interface LayoutEntry {
  readonly ours: string;
  readonly theirs: string;
  readonly conversion: Conversion;
}

/** The correspondence between our names and another library's, with what else must be agreed on. */
export interface Layout {
  readonly name: string;
  readonly entries: readonly LayoutEntry[];
  /** Facts that a name table cannot say, for whoever loads the weights. */
  readonly notes: readonly string[];
}

/** The other library's name and conversion for one of our tensors; undefined where it has none. */
export function theirTensor(
  layout: Layout,
  ours: string,
): { readonly name: string; readonly conversion: Conversion } | undefined {
  for (const entry of layout.entries) {
    const [before, after] = entry.ours.split('{i}');
    if (after === undefined) {
      if (entry.ours === ours) return { name: entry.theirs, conversion: entry.conversion };
      continue;
    }
    if (!ours.startsWith(before as string) || !ours.endsWith(after)) continue;
    const index = ours.slice((before as string).length, ours.length - after.length);
    if (!/^\d+$/.test(index)) continue;
    return { name: entry.theirs.replace('{i}', index), conversion: entry.conversion };
  }
  return undefined;
}

/** A tensor of theirs, row-major in `theirShape`, in our order; the size of the result is the same. */
export function toOurs(
  data: Float64Array,
  theirShape: Shape,
  conversion: Conversion,
): Float64Array {
  if (conversion !== 'conv3d') return data;
  const [width, channels, ...rest] = theirShape as [number, number, ...number[]];
  const positions = rest.reduce((product, extent) => product * extent, 1);
  const result = new Float64Array(data.length);
  for (let d = 0; d < width; d++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < positions; p++) {
        const source = (d * channels + c) * positions + p;
        result[(d * positions + p) * channels + c] = data[source] as number;
      }
  return result;
}
