import type { CropBox, FrameSize } from './video-reader.js';

/**
 * How a stored frame becomes the shown one: first x and y change places when `transposed`, then the
 * columns are mirrored when `flipX`, the rows when `flipY`. These are the eight right-angle
 * rotations and mirrors; a rotation by another angle is shown as stored.
 */
export interface Orientation {
  readonly transposed: boolean;
  readonly flipX: boolean;
  readonly flipY: boolean;
}

export const UPRIGHT: Orientation = { transposed: false, flipX: false, flipY: false };

/**
 * The orientation of a display matrix (a b u, c d v, x y w), which sends a stored point (x, y) to
 * (a x + c y, b x + d y): the 9 numbers as containers store them.
 */
export function orientationOf(matrix: readonly number[]): Orientation {
  const [a = 0, b = 0, , c = 0, d = 0] = matrix;
  if (b === 0 && c === 0 && a !== 0 && d !== 0) {
    return { transposed: false, flipX: a < 0, flipY: d < 0 };
  }
  if (a === 0 && d === 0 && b !== 0 && c !== 0) {
    return { transposed: true, flipX: c < 0, flipY: b < 0 };
  }
  return UPRIGHT;
}

/** The size at which frames stored with `size` are shown. */
export function shownSize({ width, height }: FrameSize, orientation: Orientation): FrameSize {
  return orientation.transposed ? { width: height, height: width } : { width, height };
}

/** The box of the stored frame (of size `stored`) that is shown as `crop`. */
export function storedCrop(crop: CropBox, stored: FrameSize, orientation: Orientation): CropBox {
  const shown = shownSize(stored, orientation);
  const x = orientation.flipX ? shown.width - crop.x - crop.width : crop.x;
  const y = orientation.flipY ? shown.height - crop.y - crop.height : crop.y;
  return orientation.transposed
    ? { x: y, y: x, width: crop.height, height: crop.width }
    : { x, y, width: crop.width, height: crop.height };
}
