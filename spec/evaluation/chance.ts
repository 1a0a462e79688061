import { exp } from '../numeric/exp.js';
import { log } from '../numeric/log.js';

/**
 * The share of random orders of a gallery in which at least one of `right` items is among the first
 * k: 1 - C(gallery - right, k) / C(gallery, k); k / gallery for one right item.
 */
export function chanceRecall(gallery: number, right: number, k: number): number {
  if (k <= 0) return 0;
  let missed = 1;
  for (let i = 0; i < right; i++) missed *= Math.max(0, gallery - k - i) / (gallery - i);
  return 1 - missed;
}

/**
 * The probability that guessing hits at least `hits` of `queries`, each with probability `chance`
 * and independently: the upper tail of the binomial distribution. A small value says that a recall
 * is not luck.
 */
export function probabilityByChance(queries: number, hits: number, chance: number): number {
  if (hits <= 0 || chance >= 1) return 1;
  if (hits > queries || chance <= 0) return 0;
  const odds = log(chance) - log(1 - chance);
  let logTerm = queries * log(1 - chance);
  let tail = 0;
  for (let i = 1; i <= queries; i++) {
    logTerm += log((queries - i + 1) / i) + odds;
    if (i >= hits) tail += exp(logTerm);
  }
  return Math.min(1, tail);
}
