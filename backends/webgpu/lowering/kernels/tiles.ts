import type { Block } from '../block.js';
import type { KernelContext } from './context.js';
import type { TileSource } from './tile-source.js';
import { tileStride } from './tiling.js';

/** Rows of attention: [batches, length, width], a head of a clip being a batch. */
export interface Rows {
  readonly batches: number;
  readonly length: number;
  readonly width: number;
}

/** A value [batches, length, width], by the name that its rows have in the kernel. */
export interface RowsOf {
  readonly name: string;
  readonly value: string;
  /** A number that each element is multiplied with. */
  readonly factor?: number;
}

/** Rows from the first of a range to the one after its last; there may be fewer. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Scores of a range of keys in memory: [batches, length, keys], a row for each query. Keys beyond the last of all
 * have scores of 0.
 */
export interface StoredScores {
  readonly value: string;
  readonly keys: RowRange;
}

/** What a kernel does that goes over a matrix length x length in tiles: see `tilesKernel`. */
export interface Tiles {
  readonly label: string;
  /** The first result of the call. */
  readonly member: string;
  readonly rows: Rows;
  /** Which rows workgroups hold, and which they meet. @defaultValue all */
  readonly held?: RowRange;
  readonly met?: RowRange;
  /** Of which a workgroup holds its own rows, in workgroup memory. */
  readonly own: readonly RowsOf[];
  /** Names of what other rows are brought into, a tile at a time: one value after the other may have the same. */
  readonly swept: readonly string[];
  /** Names of tiles of scores. */
  readonly scores: readonly string[];
  /** Accumulators of the own rows. */
  readonly sums: readonly string[];
  /** Score-sized products that it makes. */
  readonly products: number;
  begin(source: TileSource): void;
  /** For each tile, whose columns are the other rows from `start` on. Without it no other rows are met. */
  each?(source: TileSource, block: Block): void;
  end(source: TileSource): void;
}

/** Rows and columns of a tile, and how its elements are shared among lanes. */
export interface TileShape {
  /** Lanes down and across. */
  readonly side: number;
  /** Rows of a tile, a multiple of `columns`. */
  readonly rows: number;
  /** Four for each lane across. */
  readonly columns: number;
}

/**
 * The tallest tiles that workgroup memory holds, the wanted ones at most. A lane has four rows at least, so that it can
 * store scores by fours; where those do not fit, there are fewer lanes.
 */
export function tileShape(
  { own, swept, scores, rows: { length, width } }: Pick<Tiles, 'own' | 'swept' | 'scores' | 'rows'>,
  { tiling: { attention }, limits }: KernelContext,
): TileShape {
  const row = tileStride(4 * Math.ceil(width / 4));
  const bytes = ({ side, rows, columns }: TileShape): number =>
    4 *
    (own.length * rows * row +
      swept.length * columns * row +
      scores.length * rows * tileStride(columns) +
      rows * side);
  const shape = (side: number, most: number): TileShape => {
    const columns = 4 * side;
    return { side, columns, rows: columns * Math.ceil(Math.min(most, length) / columns) };
  };
  let found = shape(attention.side, attention.rows);
  while (bytes(found) > limits.workgroupBytes && found.rows > 4) {
    const { side, rows, columns } = found;
    found = rows > columns ? shape(side, rows / 2) : shape(side / 2, rows / 2);
  }
  return found;
}
