import { LacunaError } from '../errors.js';

/**
 * The tokens of a clip: `slots` tubelets in time, each of `rows` x `columns` places.
 * Token index n = slot * rows * columns + row * columns + column (semantics: VideoMAE's order).
 */
export interface Grid {
  readonly slots: number;
  readonly rows: number;
  readonly columns: number;
}

/** More tokens than any clip of this field has; bounds what a hostile configuration can allocate. */
const MAX_TOKENS = 2 ** 24;

/** Places per slot: rows * columns. */
export function placesPerSlot(grid: Grid): number {
  return grid.rows * grid.columns;
}

/** Tokens of a clip: slots * rows * columns. */
export function tokenCount(grid: Grid): number {
  return grid.slots * grid.rows * grid.columns;
}

/** @throws LacunaError unless every side is a positive integer and the grid has at most 2^24 tokens. */
export function requireGrid(grid: Grid): void {
  const sides = [grid.slots, grid.rows, grid.columns];
  if (sides.every((side) => Number.isInteger(side) && side > 0) && tokenCount(grid) <= MAX_TOKENS) {
    return;
  }
  throw new LacunaError({
    what: 'the token grid is out of bounds',
    got: sides.join(' x '),
    expected: 'slots x rows x columns, positive integers with a product of at most 2^24',
  });
}
