import type { RandomStream } from '../random/stream.js';
import type { Grid } from './grid.js';
import type { Rounding } from './rounding.js';

/** A stored map [slots, rows * columns], row by row: see `MapName`. */
export type MaskMap = Int16Array | Uint16Array | Int32Array;

/**
 * - `similarity`: the text-patch cosine, int16 by `quantizeSimilarity`.
 * - `motion`: the sum of motion-vector lengths in a cube, uint16 or int32, in any unit.
 */
export type MapName = 'similarity' | 'motion';

/** What a mask kind draws from. */
export interface MaskDraw {
  readonly grid: Grid;
  /** How many tokens to mask: in each slot, or in the clip, as the kind's `per` says. */
  readonly count: number;
  /** The words at the clip's address. */
  readonly stream: RandomStream;
  /** The stored map; empty for a kind that needs none. */
  readonly map: MaskMap;
}

/** A way to choose which tokens of a clip are masked. */
export interface MaskKind {
  /** Which tokens the ratio counts: those of each slot (equal counts per slot), or of the clip. */
  readonly per: 'slot' | 'clip';
  /** The stored map that it needs, if any. */
  readonly map?: MapName;
  /** The default rounding, and in `source` why. */
  readonly rounding: Rounding;
  /** The default ratio: the source's best. */
  readonly ratio: number;
  readonly source: string;
  /** A flag for every token, 1 = masked. */
  draw(from: MaskDraw): Uint8Array;
}
