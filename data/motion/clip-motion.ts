import {
  type BlockMatching,
  type BlockOffsets,
  matchBlocks,
  matchingPlanes,
} from './block-matching.js';
import { lumaPlanes, type Plane } from './luma.js';
import {
  blockOfPatch,
  copyFirst,
  emptyField,
  type MotionField,
  VECTOR_UNIT,
} from './motion-field.js';

/** The pixels of a clip and how they are cut into patches. */
export interface PatchedClip {
  /** RGB24 [T, H, W, 3]. */
  readonly video: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The side of a patch in pixels; a divisor of width and height. */
  readonly patch: number;
}

const QUARTER = VECTOR_UNIT / 4;

/** The motion of a clip, each frame matched in the one before it by `matchBlocks`. */
export function blockMotion(clip: PatchedClip, subpixel = true): MotionField {
  const options = { block: blockOfPatch(clip.patch), subpixel };
  const planes = planesOf(clip, options);
  const rows = Math.floor(clip.height / options.block);
  const columns = Math.floor(clip.width / options.block);
  const field = emptyField(planes.length, rows, columns);
  for (let t = 1; t < planes.length; t++) {
    const { offsets, measured } = match(planes, t, t - 1, options);
    const start = t * rows * columns;
    field.vectors.set(
      offsets.map((offset) => -QUARTER * offset),
      2 * start,
    );
    field.measured.set(measured, start);
  }
  copyFirst(field);
  return field;
}

/** Units of a stored flow to the side of a patch: see `MapName`. */
export const FLOW_UNITS = 256;

/**
 * The stored flow of a clip, int16 [T, 2 rows, 2 columns, 2], as the mask `flow-warped` reads it:
 * for each quarter of a patch the offset (x, y) to where it is in the neighbouring frame that is
 * nearer to frame floor(T / 2), in 1/256 of a patch side, halves upwards; 0 in that frame itself.
 */
export function flowMap(clip: PatchedClip, subpixel = true): Int16Array<ArrayBuffer> {
  const { patch, width, height } = clip;
  const options = { block: blockOfPatch(patch), subpixel };
  const planes = planesOf(clip, options);
  const [rows, columns] = [(2 * height) / patch, (2 * width) / patch];
  const perPatch = patch / options.block;
  const flow = new Int16Array(planes.length * rows * columns * 2);
  const middle = planes.length >> 1;
  for (let t = 0; t < planes.length; t++) {
    if (t === middle) continue;
    const found = match(planes, t, t < middle ? t + 1 : t - 1, options);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        // An odd patch is one block; its four quarters then share its offset.
        const from =
          Math.floor((row * perPatch) / 2) * found.columns + Math.floor((column * perPatch) / 2);
        const to = ((t * rows + row) * columns + column) * 2;
        for (const axis of [0, 1]) {
          const offset = found.offsets[2 * from + axis] as number;
          flow[to + axis] = Math.floor((2 * FLOW_UNITS * offset + 4 * patch) / (8 * patch));
        }
      }
    }
  }
  return flow;
}

type Frame = readonly Plane[];

function planesOf(clip: PatchedClip, options: BlockMatching): readonly Frame[] {
  const { video, width, height } = clip;
  return lumaPlanes(video, width, height).map((plane) => matchingPlanes(plane, options));
}

function match(
  planes: readonly Frame[],
  t: number,
  other: number,
  options: BlockMatching,
): BlockOffsets {
  return matchBlocks(planes[t] as Frame, planes[other] as Frame, options);
}
