import type { FrameSize } from '../data/index.js';
import { resizeBicubic } from './resize.js';

/** How a frame is cut for a teacher: the images that it sees, and the cells that they make. */
export interface FrameCut {
  /** Cells of the frame. */
  readonly rows: number;
  readonly columns: number;
  /** Images across and down; each is resized to the teacher's square input. */
  readonly across: number;
  readonly down: number;
}

/** Cells along a frame's short side in form `patches`: patches of 16 in 224 pixels, as in the paper. */
export const DEFAULT_CELLS = 14;

/**
 * The cells of form `patches`: `cells` along the short side, floor(cells long / short + 1/2) along the
 * long one, so that they are about square; each is an image.
 */
export function patchesCut({ width, height }: FrameSize, cells: number): FrameCut {
  const short = Math.min(width, height);
  const along = (side: number): number => Math.floor((2 * cells * side + short) / (2 * short));
  const [rows, columns] = [along(height), along(width)];
  return { rows, columns, across: columns, down: rows };
}

/**
 * The images of form `dense`: the whole frame, or as many tiles along its long side as the short one
 * goes into it: a frame of 16:9 is one image, one of 2:1 is two. Each has `cells` x `cells` cells.
 */
export function denseCut({ width, height }: FrameSize, cells: number): FrameCut {
  const across = Math.max(1, Math.floor(width / height));
  const down = Math.max(1, Math.floor(height / width));
  return { rows: down * cells, columns: across * cells, across, down };
}

/**
 * The images of a frame u8 RGB [height, width, 3], u8 [down * across, size, size, 3]: image (i, j) is
 * the box from pixel floor(j width / across), floor(i height / down) to where the next one begins (at
 * least one pixel), resized bicubically.
 */
export function cutFrame(
  frame: Uint8Array,
  { width, height }: FrameSize,
  { across, down }: Pick<FrameCut, 'across' | 'down'>,
  size: number,
): Uint8Array {
  const bytes = size * size * 3;
  const images = new Uint8Array(across * down * bytes);
  for (let i = 0; i < down; i++) {
    const [top, tall] = part(height, i, down);
    for (let j = 0; j < across; j++) {
      const [left, wide] = part(width, j, across);
      const box = new Uint8Array(wide * tall * 3);
      for (let y = 0; y < tall; y++) {
        const from = ((top + y) * width + left) * 3;
        box.set(frame.subarray(from, from + wide * 3), y * wide * 3);
      }
      images.set(resizeBicubic(box, wide, tall, size, size), (i * across + j) * bytes);
    }
  }
  return images;
}

/** Where part `index` of `parts` of a side begins, and its length. */
function part(side: number, index: number, parts: number): readonly [number, number] {
  const start = Math.min(Math.floor((index * side) / parts), side - 1);
  const end = Math.floor(((index + 1) * side) / parts);
  return [start, Math.max(1, end - start)];
}

/** From the cells of each image, [down * across, cells, cells], to those of the frame, row by row. */
export function joinTiles<A extends Float64Array>(
  tiles: A,
  { rows, columns, across, down }: FrameCut,
): A {
  const joined = tiles.slice() as A;
  const [tall, wide] = [rows / down, columns / across];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const tile = Math.floor(row / tall) * across + Math.floor(column / wide);
      const inside = (row % tall) * wide + (column % wide);
      joined[row * columns + column] = tiles[tile * tall * wide + inside] as number;
    }
  }
  return joined;
}
