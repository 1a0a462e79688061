import { LacunaError } from '../errors.js';

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

/**
 * The place of the right class among the scores of all, from 0: how many are higher, or equal and of a
 * lower number. A score that is NaN is lower than all.
 */
export function classRank(scores: ArrayLike<number>, right: number): number {
  const own = scores[right] as number;
  if (Number.isNaN(own)) return scores.length - 1;
  let before = 0;
  for (let each = 0; each < scores.length; each++) {
    const score = scores[each] as number;
    if (score > own || (score === own && each < right)) before += 1;
  }
  return before;
}
