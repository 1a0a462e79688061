import { LacunaError } from '../errors.js';

/**
 * How much of the orders of equal classes has the right one among the first k: with h classes above it and
 * t beside it (itself included), (k - h) / t, within [0, 1]. So a classifier that says the same of all
 * classes is worth k / C, however they lie.
 *
 * @throws LacunaError for a NaN, which is in no order.
 */
export function topShare(scores: ArrayLike<number>, right: number, k: number): number {
  const own = scores[right] ?? Number.NaN;
  let [higher, tied] = [0, 0];
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (Number.isNaN(score) || Number.isNaN(own)) {
      throw new LacunaError({ what: 'a score is not a number', got: `of class ${i}` });
    }
    if (score > own) higher += 1;
    else if (score === own) tied += 1;
  }
  return Math.min(1, Math.max(0, (k - higher) / tied));
}

/** The index of the highest score; of equals the lowest. */
export function topClass(scores: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++)
    if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
}

/**
 * The scores of all combinations of several heads' classes: the product of their probabilities, the last head's class
 * changing fastest. An action of EPIC-KITCHENS is a verb and a noun, and its score is theirs multiplied.
 *
 * Source: EPIC-KITCHENS-100, C1 action recognition's evaluation, `compute_action_scores`.
 */
export function combinedScores(heads: readonly ArrayLike<number>[]): Float64Array {
  return heads.reduce<Float64Array>((scores, own) => {
    const all = new Float64Array(scores.length * own.length);
    for (let i = 0; i < scores.length; i++) {
      for (let j = 0; j < own.length; j++)
        all[i * own.length + j] = (scores[i] as number) * (own[j] as number);
    }
    return all;
  }, Float64Array.of(1));
}

/** The two-sided quantile of the normal distribution that 95 % lie within. */
const Z = 1.959963984540054;

/** A share and where it lies with 95 % confidence. */
export interface ShareInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval of a share of k in n (k need not be whole: equal scores are shared), at 95 %, with z = 1.96:
 * (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), p = k / n.
 * It is right for clips that are drawn independently; clips cut from one video are fewer than they seem.
 *
 * Source: Wilson 1927; Brown, Cai and DasGupta 2001, section 3.1.
 */
export function wilsonInterval(k: number, n: number): ShareInterval {
  if (!(n >= 1 && k >= 0 && k <= n)) {
    throw new LacunaError({
      what: 'a share needs a count within its total',
      got: `${k} of ${n}`,
      expected: 'at least one in total',
    });
  }
  const p = k / n;
  const centre = p + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((p * (1 - p)) / n + (Z * Z) / (4 * n * n));
  const below = 1 + (Z * Z) / n;
  return {
    share: p,
    low: k === 0 ? 0 : (centre - half) / below,
    high: k === n ? 1 : (centre + half) / below,
  };
}

/** Clips whose highest probability lies in an interval: how sure the classifier was, and how often right. */
export interface CalibrationBin {
  readonly count: number;
  /** The mean of their highest probabilities. */
  readonly confidence: number;
  /** The share of them that are right. */
  readonly accuracy: number;
}

/**
 * Calibration over bins of equal width (the last includes 1), and its error: the mean over clips of
 * |accuracy - confidence| of their bin.
 * Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", equation (3), 15 bins.
 */
export function calibration(
  confidences: readonly number[],
  rights: readonly boolean[],
  bins: number = 15,
): { readonly bins: readonly CalibrationBin[]; readonly error: number } {
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, right: 0 }));
  confidences.forEach((confidence, i) => {
    const bin = sums[Math.min(bins - 1, Math.floor(confidence * bins))];
    if (bin === undefined) return;
    bin.count += 1;
    bin.confidence += confidence;
    if (rights[i] === true) bin.right += 1;
  });
  const error = sums.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0);
  return {
    bins: sums.map(({ count, confidence, right }) =>
      count === 0
        ? { count, confidence: 0, accuracy: 0 }
        : { count, confidence: confidence / count, accuracy: right / count },
    ),
    error: confidences.length === 0 ? 0 : error / confidences.length,
  };
}
