import { LacunaError } from '../errors.js';

/** Where the cells of a stored map lie: `rows` x `columns` equal cells over a frame of so many pixels. */
export interface FrameCells {
  readonly width: number;
  readonly height: number;
  readonly rows: number;
  readonly columns: number;
}

/** The part of a frame that an augmented clip shows, and the places that its tokens have in it. */
export interface CroppedView {
  /** In whole pixels of the frame. */
  readonly crop: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  /** Whether the clip is mirrored left and right, after cropping. */
  readonly flip: boolean;
  readonly rows: number;
  readonly columns: number;
}

/** Products of weights and int16 values stay exact below this area; above it, BigInt takes over. */
const LARGEST_EXACT_AREA = 2 ** 36;

/**
 * The map of an augmented clip's frame from the stored map of the whole frame: each place has the
 * mean of the cells under its source box, weighted by the area that they share, in exact integers:
 * floor(sum / area + 1/2), halves upwards.
 *
 * In units of 1 / (columns * view.columns) pixels both cells and places begin at whole numbers, so
 * that every shared length is an integer; the same holds for rows.
 *
 * @param map [rows, columns] of the frame.
 * @returns [view.rows, view.columns].
 * @throws LacunaError if the map does not have the cells, or the crop leaves the frame.
 */
export function cropFrameMap(map: Int16Array, cells: FrameCells, view: CroppedView): Int16Array {
  requireFit(map, cells, view);
  const { crop, flip } = view;
  const across = shares(cells.width, cells.columns, crop.x, crop.width, view.columns);
  const down = shares(cells.height, cells.rows, crop.y, crop.height, view.rows);
  const box = [crop.width * cells.columns, crop.height * cells.rows] as const;
  const mean = box[0] * box[1] <= LARGEST_EXACT_AREA ? meanOf : exactMeanOf;
  const placed = new Int16Array(view.rows * view.columns);
  for (let row = 0; row < view.rows; row++) {
    for (let column = 0; column < view.columns; column++) {
      const target = row * view.columns + (flip ? view.columns - 1 - column : column);
      placed[target] = mean(map, cells.columns, down[row] as Shares, across[column] as Shares, box);
    }
  }
  return placed;
}

/** The cells that a place shares, from the first one on, and the length that it shares with each. */
interface Shares {
  readonly first: number;
  readonly lengths: readonly number[];
}

/** Along one axis: of each of `places` parts of the crop, its shares of the cells. */
function shares(
  length: number,
  cells: number,
  start: number,
  extent: number,
  places: number,
): Shares[] {
  // Cell c covers [c, c + 1) * length * places, place p [start * places + p * extent, + extent) * cells.
  const cell = length * places;
  return Array.from({ length: places }, (_, place) => {
    const from = (start * places + place * extent) * cells;
    const to = from + extent * cells;
    const first = Math.floor(from / cell);
    const lengths: number[] = [];
    for (let c = first; c * cell < to; c++) {
      lengths.push(Math.min(to, (c + 1) * cell) - Math.max(from, c * cell));
    }
    return { first, lengths };
  });
}

function meanOf(
  map: Int16Array,
  columns: number,
  down: Shares,
  across: Shares,
  [width, height]: readonly [number, number],
): number {
  const area = width * height;
  let sum = 0;
  down.lengths.forEach((tall, i) => {
    across.lengths.forEach((wide, j) => {
      const value = map[(down.first + i) * columns + across.first + j] as number;
      sum += tall * wide * value;
    });
  });
  return floorDivide(2 * sum + area, 2 * area);
}

/** `meanOf` for frames and grids whose areas leave the exact integers of a double. */
function exactMeanOf(
  map: Int16Array,
  columns: number,
  down: Shares,
  across: Shares,
  [width, height]: readonly [number, number],
): number {
  const area = BigInt(width) * BigInt(height);
  let sum = 0n;
  down.lengths.forEach((tall, i) => {
    across.lengths.forEach((wide, j) => {
      const value = map[(down.first + i) * columns + across.first + j] as number;
      sum += BigInt(tall) * BigInt(wide) * BigInt(value);
    });
  });
  const twice = 2n * area;
  const numerator = 2n * sum + area;
  const quotient = numerator / twice;
  return Number(numerator % twice < 0n ? quotient - 1n : quotient);
}

/** floor(a / b) for exact integers, where a / b may round up to the next integer. */
function floorDivide(a: number, b: number): number {
  const rest = a % b;
  return (a - rest) / b - (rest < 0 ? 1 : 0);
}

function requireFit(
  map: Int16Array,
  cells: FrameCells,
  { crop, rows, columns }: CroppedView,
): void {
  const counts = [cells.width, cells.height, cells.rows, cells.columns, rows, columns];
  const sides = [...counts, crop.width, crop.height];
  if (
    sides.every((side) => Number.isInteger(side) && side > 0 && side <= 2 ** 16) &&
    map.length === cells.rows * cells.columns &&
    Number.isInteger(crop.x) &&
    Number.isInteger(crop.y) &&
    crop.x >= 0 &&
    crop.y >= 0 &&
    crop.x + crop.width <= cells.width &&
    crop.y + crop.height <= cells.height
  ) {
    return;
  }
  throw new LacunaError({
    what: 'the crop does not fit the frame of the stored map',
    got: `a crop of ${crop.width} x ${crop.height} at (${crop.x}, ${crop.y}) for ${rows} x ${columns} places`,
    expected: `a box inside ${cells.width} x ${cells.height} pixels with ${cells.rows} x ${cells.columns} cells, ${map.length} of them stored`,
    fix: 'Make the map of this video again: its file has changed since.',
  });
}
