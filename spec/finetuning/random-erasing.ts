import { exp } from '../numeric/exp.js';
import { log } from '../numeric/log.js';
import type { RandomStream } from '../random/index.js';
import type { MixBox } from './mix.js';

/** Shares of a frame's area, and the least height over width. */
const LEAST_AREA = 0.02;
const MOST_AREA = 1 / 3;
const LEAST_ASPECT = 0.3;
const TRIES = 100;

/**
 * The box of a clip that is filled with noise, the same in all frames; undefined where none is. One uniform
 * number decides (erased where it is below `probability`); then of at most 100 tries each draws the area, uniform
 * from 0.02 to 1/3 of the frame, and the shape, e^uniform(ln 0.3, ln 1/0.3): height round(sqrt(area shape)),
 * width round(sqrt(area / shape)); where both are less than the side, the top is integer(size - height + 1), then
 * the left one alike.
 *
 * Source: VideoMAE random_erasing.py, `_erase_cube` (timm's RandomErasing).
 */
export function drawErasing(
  probability: number,
  size: number,
  draw: RandomStream,
): MixBox | undefined {
  if (draw.uniform() >= probability) return undefined;
  const widest = -log(LEAST_ASPECT);
  for (let i = 0; i < TRIES; i++) {
    const area = (LEAST_AREA + (MOST_AREA - LEAST_AREA) * draw.uniform()) * size * size;
    const shape = exp(-widest + 2 * widest * draw.uniform());
    const height = Math.round(Math.sqrt(area * shape));
    const width = Math.round(Math.sqrt(area / shape));
    if (height < 1 || width < 1 || height >= size || width >= size) continue;
    const top = draw.integer(size - height + 1);
    const left = draw.integer(size - width + 1);
    return { top, bottom: top + height, left, right: left + width };
  }
  return undefined;
}
