import type { RandomStream } from '../random/stream.js';
import type { Grid } from './grid.js';
import type { Rounding } from './rounding.js';

/** A stored map, row by row: see `MapName`. */
export type MaskMap = Int16Array | Uint16Array | Int32Array;

/**
 * - `similarity` [slots, rows * columns]: the text-patch cosine, int16 by `quantizeSimilarity`.
 * - `motion` [slots, rows * columns]: the sum of motion-vector lengths in a cube, uint16 or int32, in
 *   any unit.
 * - `flow` [T, 2 rows, 2 columns, 2]: for each frame (T a multiple of the slots, at most 256 to a
 *   slot) and each quarter of a patch the offset (x to the right, y down), int16 in 1/256 of a patch
 *   side, from there to the same content in the neighbouring frame that is nearer to frame
 *   floor(T / 2); what it holds for that frame itself is not read.
 */
export type MapName = 'similarity' | 'motion' | 'flow';

/**
 * Which of equal values of a map are masked where not all can be. No source says.
 * - `first`: those of lower index, in raster order.
 * - `random`: any, by the words at the clip's address.
 */
export type Ties = (typeof TIES)[number];
export const TIES = ['first', 'random'] as const;

/** What a mask kind draws from. */
export interface MaskDraw {
  readonly grid: Grid;
  /** How many tokens to mask: in each slot, or in the clip, as the kind's `per` says. */
  readonly count: number;
  /** The ratio that the count was made from. */
  readonly ratio: number;
  /** The words at the clip's address. */
  readonly stream: RandomStream;
  /** The stored map; empty for a kind that needs none. */
  readonly map: MaskMap;
  readonly ties: Ties;
}

/** A way to choose which tokens of a clip are masked. */
export interface MaskKind {
  /** Which tokens the ratio counts: those of each slot (equal counts per slot), or of the clip. */
  readonly per: 'slot' | 'clip';
  /** Whether the same places are masked in every slot, as divided attention needs it. @defaultValue false */
  readonly shared?: true;
  /** The stored map that it needs, if any. */
  readonly map?: MapName;
  /** The default rounding, and in `source` why. */
  readonly rounding: Rounding;
  /** The default ratio: the source's best. */
  readonly ratio: number;
  /** The default rule for ties. @defaultValue 'first' */
  readonly ties?: Ties;
  readonly source: string;
  /** A flag for every token, 1 = masked. */
  draw(from: MaskDraw): Uint8Array;
}
