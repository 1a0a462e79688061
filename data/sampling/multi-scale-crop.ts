import type { RandomStream } from '../../spec/random/stream.js';
import type { CropBox, FrameSize } from '../video/video-reader.js';

const SCALES = [1, 0.875, 0.75, 0.66];
const LARGEST_STEP_BETWEEN_SIDES = 1;
/** A side this close to the output size becomes it, which spares a resampling. */
const SNAP_PIXELS = 2;

/** Offsets in quarters of the free space, in the order of the source. */
const OFFSETS_QUARTERS: readonly (readonly [x: number, y: number])[] = [
  [0, 0],
  [4, 0],
  [0, 4],
  [4, 4],
  [2, 2],
  [0, 2],
  [4, 2],
  [2, 4],
  [2, 0],
  [1, 1],
  [3, 1],
  [1, 3],
  [3, 3],
];

/**
 * The 10 crop sizes of a frame, height outermost: sides floor(min(width, height) * {1, .875, .75,
 * .66}), snapped to `size` when within 2 pixels of it (and no larger than the frame), in pairs at
 * most one step apart.
 *
 * Source: VideoMAE `transforms.py`, `GroupMultiScaleCrop._sample_crop_size`. There a side snapped
 * beyond the frame is padded with black; here it is not snapped.
 */
export function multiScaleCropSizes(frame: FrameSize, size: number): readonly FrameSize[] {
  const shortSide = Math.min(frame.width, frame.height);
  const sides = SCALES.map((scale) => {
    const side = Math.max(1, Math.floor(shortSide * scale));
    return Math.abs(side - size) <= SNAP_PIXELS && size <= shortSide ? size : side;
  });
  return sides.flatMap((height, i) =>
    sides
      .filter((_, j) => Math.abs(i - j) <= LARGEST_STEP_BETWEEN_SIDES)
      .map((width) => ({ width, height })),
  );
}

/** The 13 places of a crop: multiples of floor((frame - crop) / 4) in x and y. */
export function multiScaleCropBoxes(frame: FrameSize, crop: FrameSize): readonly CropBox[] {
  const stepX = Math.floor((frame.width - crop.width) / 4);
  const stepY = Math.floor((frame.height - crop.height) / 4);
  return OFFSETS_QUARTERS.map(([x, y]) => ({ ...crop, x: x * stepX, y: y * stepY }));
}

/**
 * MultiScaleCrop: one of the 10 sizes (first draw) at one of the 13 places (second draw), both
 * uniform; the caller scales it to size x size.
 */
export function multiScaleCrop(frame: FrameSize, size: number, draw: RandomStream): CropBox {
  return choice(multiScaleCropBoxes(frame, choice(multiScaleCropSizes(frame, size), draw)), draw);
}

function choice<T>(options: readonly T[], draw: RandomStream): T {
  return options[draw.integer(options.length)] as T;
}
