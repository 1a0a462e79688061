import { BlockSearch } from './block-search.js';
import { type Plane, pyramid } from './luma.js';

/** How blocks are looked for in a neighbouring frame. */
export interface BlockMatching {
  /** The side of a block in pixels; a divisor of the frame's sides. */
  readonly block: number;
  /** The longest horizontal and vertical distance looked at, in pixels. @defaultValue an eighth of the shorter side */
  readonly range?: number;
  /** Whether a match is refined to quarter pixels (bilinear). @defaultValue true */
  readonly subpixel?: boolean;
}

/** Where the blocks of a frame are found in another. */
export interface BlockOffsets {
  readonly rows: number;
  readonly columns: number;
  /** [rows * columns, 2]: x and y from a block to its match, in quarter pixels. */
  readonly offsets: Int16Array;
  /** 1 where the block has a texture to go by; a flat one has offset 0. */
  readonly measured: Uint8Array;
}

/** Small blocks are compared with so much around them, or a few pixels of noise would decide. */
const LEAST_WINDOW = 8;
const MAX_LEVELS = 3;

/** The planes of a frame that `matchBlocks` compares. */
export function matchingPlanes(plane: Plane, { block }: BlockMatching): readonly Plane[] {
  const side = Math.min(plane.width, plane.height);
  let levels = 1;
  while (levels < MAX_LEVELS && side >> levels >= 2 * Math.max(block, LEAST_WINDOW)) levels++;
  return pyramid(plane, levels);
}

/**
 * For each block of `current` the offset v with reference(x + v) nearest to current(x) in the sum of
 * absolute differences of luma, both as `matchingPlanes` gives them. Hierarchical: a full search on
 * the smallest plane, then on each finer one the matches of the coarser blocks around, of the
 * neighbours already matched and all offsets within 2 pixels of zero, each improved step by step;
 * then quarter pixels. A match lies inside the frame.
 *
 * Exact: integers only, and of equal sums the shorter offset wins, then the upper, then the left
 * one. An offset that gains less than half a luma level a pixel over no motion, or less than an
 * eighth, is noise: then the block is at rest.
 */
export function matchBlocks(
  current: readonly Plane[],
  reference: readonly Plane[],
  { block, range, subpixel = true }: BlockMatching,
): BlockOffsets {
  const finest = current[0] as Plane;
  const reach = range ?? Math.max(4, Math.min(finest.width, finest.height) >> 3);
  let coarser: Grid | undefined;
  for (let level = current.length - 1; level > 0; level--) {
    const [from, to] = [current[level] as Plane, reference[level] as Plane];
    coarser = searchLevel(from, to, block, Math.ceil(reach / 2 ** level), coarser, undefined);
  }
  const measured = new Uint8Array(
    Math.floor(finest.width / block) * Math.floor(finest.height / block),
  );
  const last = { subpixel, measured };
  const grid = searchLevel(finest, reference[0] as Plane, block, reach, coarser, last);
  return { ...grid, measured };
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly offsets: Int16Array;
}

/** Matches one level; the last in quarter pixels, the others in pixels of their own. */
function searchLevel(
  current: Plane,
  reference: Plane,
  block: number,
  reach: number,
  coarser: Grid | undefined,
  last: { readonly subpixel: boolean; readonly measured: Uint8Array } | undefined,
): Grid {
  const count = (side: number): number =>
    last === undefined ? Math.ceil(side / block) : Math.floor(side / block);
  const rows = count(current.height);
  const columns = count(current.width);
  const offsets = new Int16Array(rows * columns * 2);
  const window = Math.min(Math.max(block, LEAST_WINDOW), current.width, current.height);
  const search = new BlockSearch(current, reference, window, reach);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const n = row * columns + column;
      const margin = (window - block) >> 1;
      const isTextured = search.begin(column * block - margin, row * block - margin);
      if (last !== undefined) last.measured[n] = isTextured ? 1 : 0;
      if (!isTextured || search.isAtRest) continue;
      if (coarser === undefined) {
        search.everywhere(reach);
      } else {
        seed(search, coarser, row, column);
        if (column > 0) search.tryOffset(at(offsets, n - 1, 0), at(offsets, n - 1, 1));
        if (row > 0) search.tryOffset(at(offsets, n - columns, 0), at(offsets, n - columns, 1));
        search.everywhere(2);
        search.descend();
      }
      if (last !== undefined) search.toQuarters(last.subpixel);
      offsets.set(search.result(), 2 * n);
    }
  }
  return { rows, columns, offsets };

  function at(values: Int16Array, n: number, axis: 0 | 1): number {
    const value = values[2 * n + axis] as number;
    return last === undefined ? value : value >> 2;
  }
}

/** Tries twice the offsets of the coarser blocks that cover this one and its neighbours. */
function seed(search: BlockSearch, { rows, columns, offsets }: Grid, row: number, column: number) {
  for (let y = (row - 1) >> 1; y <= (row + 1) >> 1; y++) {
    for (let x = (column - 1) >> 1; x <= (column + 1) >> 1; x++) {
      if (y < 0 || x < 0 || y >= rows || x >= columns) continue;
      const n = 2 * (y * columns + x);
      search.tryOffset(2 * (offsets[n] as number), 2 * (offsets[n + 1] as number));
    }
  }
}
