/** The unit of motion vectors: 16 to a pixel of the clip. */
export const VECTOR_UNIT = 16;

/** How the blocks of a clip's frames move. */
export interface MotionField {
  readonly frames: number;
  readonly rows: number;
  readonly columns: number;
  /**
   * [T, rows * columns, 2]: x (to the right) and y (down) of how far a block's content has come
   * since the frame before, in 1/16 pixels of the clip. The first frame has the second one's.
   */
  readonly vectors: Int16Array;
  /** [T, rows * columns]: 1 where the motion is known; the vector is 0 elsewhere. */
  readonly measured: Uint8Array;
}

/** The side of the blocks that motion is measured on: half a patch, a whole one where that is odd. */
export function blockOfPatch(patch: number): number {
  return patch % 2 === 0 ? patch / 2 : patch;
}

/** A field without any motion known. */
export function emptyField(frames: number, rows: number, columns: number): MotionField {
  const blocks = frames * rows * columns;
  const [vectors, measured] = [new Int16Array(2 * blocks), new Uint8Array(blocks)];
  return { frames, rows, columns, vectors, measured };
}

/** Gives the first frame what the second has, in place. */
export function copyFirst({ frames, rows, columns, vectors, measured }: MotionField): void {
  if (frames < 2) return;
  const blocks = rows * columns;
  vectors.copyWithin(0, 2 * blocks, 4 * blocks);
  measured.copyWithin(0, blocks, 2 * blocks);
}
