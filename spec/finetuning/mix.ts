import { LacunaError } from '../errors.js';
import { exp } from '../numeric/exp.js';
import { log } from '../numeric/log.js';
import { add, gather, iota, mul, reshape, sub, type Value } from '../program/index.js';
import type { RandomStream } from '../random/index.js';

/** How the clips of a batch are mixed: mixup, or cutmix, or now one and now the other. */
export interface MixConfig {
  /** alpha of mixup's Beta(alpha, alpha); 0 turns it off. */
  readonly mixup: number;
  /** alpha of cutmix's; 0 turns it off. */
  readonly cutmix: number;
  /** How many of the batches are mixed. */
  readonly probability: number;
  /** Where both are on, the share of cutmix. */
  readonly switchProbability: number;
}

/** A box of a frame: rows [top, bottom), columns [left, right). */
export interface MixBox {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** What was drawn for a batch: clip b becomes `share` of itself and 1 - `share` of clip B - 1 - b. */
export interface Mix {
  /** The part of the targets that stays a clip's own, in [0, 1]. */
  readonly share: number;
  /** The box that is the partner's, in all frames; undefined where the pixels are averaged. */
  readonly box?: MixBox;
}

/** A batch as it is. */
export const UNMIXED: Mix = { share: 1 };

/** Above it too many pairs are refused: of Beta(4, 4) one in 70 is taken. */
export const MOST_ALPHA = 4;

/**
 * A draw of Beta(alpha, alpha) in [0, 1], by Jöhnk's method: pairs x = u^(1/alpha), y = v^(1/alpha) until
 * 0 < x + y <= 1, then x / (x + y); u^(1/alpha) = exp(log(u) / alpha), by the specification's own
 * functions, so that it is exact on any machine.
 *
 * Source: M. D. Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen", Metrika 8 (1964).
 * @throws LacunaError for alpha outside (0, 4].
 */
export function betaDraw(alpha: number, draw: RandomStream): number {
  if (!(alpha > 0 && alpha <= MOST_ALPHA)) {
    throw new LacunaError({
      what: 'alpha of a Beta distribution is out of bounds',
      got: String(alpha),
      expected: `a number above 0, and at most ${MOST_ALPHA}`,
    });
  }
  const power = (u: number): number => (u === 0 ? 0 : exp(log(u) / alpha));
  for (;;) {
    const [x, y] = [power(draw.uniform()), power(draw.uniform())];
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}

/**
 * cutmix's box for a share and a centre: sides trunc(size sqrt(1 - share)), from centre - floor(side / 2)
 * to centre + floor(side / 2), clipped to the frame. An odd side loses a pixel, as in the source.
 * Source: timm mixup.py, `rand_bbox`.
 */
export function cutmixBox(size: number, share: number, row: number, column: number): MixBox {
  const half = Math.floor(Math.trunc(size * Math.sqrt(1 - share)) / 2);
  const clip = (at: number): number => Math.min(size, Math.max(0, at));
  return {
    top: clip(row - half),
    bottom: clip(row + half),
    left: clip(column - half),
    right: clip(column + half),
  };
}

/** The part of a frame that is outside of a box: cutmix's share after the box was clipped. */
export function shareOutside({ top, bottom, left, right }: MixBox, size: number): number {
  return 1 - ((bottom - top) * (right - left)) / (size * size);
}

/**
 * How a batch of frames of `size` pixels is mixed. Draws, in this order: a uniform number (mixed where it
 * is below `probability`); where both are on another (cutmix where it is below `switchProbability`); the share by
 * `betaDraw`; for cutmix the row and the column of the box's centre, integers in [0, size).
 *
 * Source: timm mixup.py, `_params_per_batch` and `cutmix_bbox_and_lam` (mode `batch`, corrected share).
 */
export function drawMix(config: MixConfig, size: number, draw: RandomStream): Mix {
  const { mixup, cutmix, probability, switchProbability } = config;
  if (mixup === 0 && cutmix === 0) return UNMIXED;
  if (draw.uniform() >= probability) return UNMIXED;
  const cuts = mixup === 0 || (cutmix > 0 && draw.uniform() < switchProbability);
  const share = betaDraw(cuts ? cutmix : mixup, draw);
  if (!cuts) return { share };
  const box = cutmixBox(size, share, draw.integer(size), draw.integer(size));
  return { share: shareOutside(box, size), box };
}

/** The weight of a clip's own pixels at each place of a frame, [size, size]: its partner has the rest. */
export function mixWeights({ share, box }: Mix, size: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(size * size).fill(box === undefined ? share : 1);
  if (box === undefined) return weights;
  for (let row = box.top; row < box.bottom; row++)
    weights.fill(0, row * size + box.left, row * size + box.right);
  return weights;
}

/** The rows of x in the opposite order: each clip's partner, as in timm's `flip(0)`. */
export function partners(x: Value): Value {
  const batch = x.shape[0] as number;
  return gather(x, sub(batch - 1, iota(x.builder, [batch], 0)), 0);
}

/** weight x + (1 - weight) partner for clips [B, T, H, W, 3] and weights [H, W]. */
export function mixClips(clips: Value, weights: Value): Value {
  const [height, width] = weights.shape as [number, number];
  const own = reshape(weights, [1, 1, height, width, 1]);
  return add(mul(clips, own), mul(partners(clips), sub(1, own)));
}
