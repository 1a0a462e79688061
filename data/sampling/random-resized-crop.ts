import { exp, log } from '../../spec/numeric/index.js';
import type { RandomStream } from '../../spec/random/stream.js';
import type { CropBox, FrameSize } from '../video/video-reader.js';

/** Shares of the frame's area. */
const MOST_AREA = 1;
/** Width over height. */
const NARROWEST = 3 / 4;
const WIDEST = 4 / 3;
const TRIES = 10;

/** The least share of a frame: Frozen-in-Time's, and that of VideoMAE's fine-tuning. */
export const LEAST_AREAS = { 'random-resized': 0.5, inception: 0.08 } as const;

/**
 * RandomResizedCrop(scale a to 1, ratio 3/4 to 4/3), a = `least`: a box of a random share of the frame's area and
 * of a random shape, somewhere in the frame; the caller scales it to size x size. Each of at most ten
 * tries takes two draws, area = (a + (1 - a) u) W H and ratio = e^(ln 3/4 + (ln 4/3 - ln 3/4) u): width
 * round(sqrt(area ratio)), height round(sqrt(area / ratio)); where both fit, the top edge is
 * integer(H - height + 1), then the left one integer(W - width + 1). When none fits, the largest box in the
 * middle whose shape is allowed. Exact on any machine: `exp` and `log` are the spec's own.
 *
 * Source: Frozen-in-Time `transforms.py`; torchvision `RandomResizedCrop.get_params`; VideoMAE
 * video_transforms.py, `random_resized_crop`.
 */
export function randomResizedCrop(
  { width, height }: FrameSize,
  draw: RandomStream,
  least: number = LEAST_AREAS['random-resized'],
): CropBox {
  const [low, high] = [log(NARROWEST), log(WIDEST)];
  for (let i = 0; i < TRIES; i++) {
    const area = (least + (MOST_AREA - least) * draw.uniform()) * width * height;
    const ratio = exp(low + (high - low) * draw.uniform());
    const box = {
      width: Math.round(Math.sqrt(area * ratio)),
      height: Math.round(Math.sqrt(area / ratio)),
    };
    if (box.width < 1 || box.height < 1 || box.width > width || box.height > height) continue;
    const y = draw.integer(height - box.height + 1);
    return { ...box, x: draw.integer(width - box.width + 1), y };
  }
  const box = {
    width: Math.min(width, Math.max(1, Math.round(height * WIDEST))),
    height: Math.min(height, Math.max(1, Math.round(width / NARROWEST))),
  };
  return {
    ...box,
    x: Math.floor((width - box.width) / 2),
    y: Math.floor((height - box.height) / 2),
  };
}
