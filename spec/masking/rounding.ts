import { LacunaError } from '../errors.js';

/**
 * How a mask ratio becomes a count, all in float64 (1 - 0.9 is 0.09999999999999998, so that
 * `floor-visible` keeps 19 of 196 where `floor-masked` keeps 20):
 *
 * - `floor-masked`: masked = floor(ratio * n). VideoMAE, VideoMAE v2, MGMAE's random mask, ViCLIP,
 *   TGM's "highest k per frame".
 * - `floor-visible`: visible = floor(n * (1 - ratio)). MAE, MAE-ST, FLIP, MGMAE's flow mask.
 * - `floor-visible-at-least-one`: visible = max(1, floor(n * (1 - ratio))). open_clip's patch dropout.
 * - `nearest-masked-at-least-one`: masked = max(1, ratio * n rounded to the nearest integer, halves
 *   to even). BERT's text masks.
 */
export type Rounding = keyof typeof MASKED_COUNTS;

const MASKED_COUNTS = {
  'floor-masked': (n: number, ratio: number): number => Math.floor(ratio * n),
  'floor-visible': (n: number, ratio: number): number => n - Math.floor(n * (1 - ratio)),
  'floor-visible-at-least-one': (n: number, ratio: number): number =>
    n - Math.max(1, Math.floor(n * (1 - ratio))),
  'nearest-masked-at-least-one': (n: number, ratio: number): number =>
    Math.max(1, roundHalfEven(ratio * n)),
};

/** The names of the rounding rules. */
export const ROUNDINGS: readonly Rounding[] = Object.keys(MASKED_COUNTS) as Rounding[];

/**
 * How many of n tokens the ratio masks: 0 for n = 0 or ratio = 0, whatever the rule.
 * @throws LacunaError if the ratio is outside [0, 1) or the rule is unknown.
 */
export function maskedCount(rounding: Rounding, n: number, ratio: number): number {
  if (!(ratio >= 0 && ratio < 1)) {
    throw new LacunaError({
      what: 'the mask ratio is out of bounds',
      got: String(ratio),
      expected: 'at least 0 and below 1: the share of tokens that is masked',
    });
  }
  if (!Object.hasOwn(MASKED_COUNTS, rounding)) {
    throw new LacunaError({
      what: 'there is no such rounding of a mask ratio',
      got: `'${rounding}'`,
      expected: `one of ${ROUNDINGS.join(', ')}`,
    });
  }
  return n === 0 || ratio === 0 ? 0 : MASKED_COUNTS[rounding](n, ratio);
}

function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
}
