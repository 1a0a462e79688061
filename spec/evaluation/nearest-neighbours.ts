import {
  cast,
  compare,
  exp,
  iota,
  l2Normalize,
  matmul,
  maximum,
  mul,
  reshape,
  sub,
  sum,
  type Value,
} from '../program/index.js';

/** DINO's temperature of the votes. */
export const VOTE_TEMPERATURE = 0.07;

/** How many neighbours vote (DINO: 10, 20, 100, 200; one and five beside them, for small sets). */
export const NEIGHBOUR_COUNTS: readonly number[] = [1, 5, 10, 20, 100, 200];

/** The cosine of each query [Q, D] with each of the bank [N, D]: [Q, N]. */
export function featureCosines(queries: Value, bank: Value): Value {
  return matmul(l2Normalize(queries), l2Normalize(bank), { transposeB: true });
}

/**
 * The votes of the k nearest features of known class: `similarity` f32 [Q, k] and `labels` i32 [Q, k] to
 * [Q, C]: votes[q, c] = sum over i with labels[q, i] = c of exp((s[q, i] - max_j s[q, j]) / 0.07).
 * The class with the most votes is named.
 *
 * Source: DINO eval_knn.py `knn_classifier`, whose votes are exp(s / T): the same but for one factor a query,
 * which keeps them within what float32 holds.
 */
export function neighbourVotes(similarity: Value, labels: Value, classes: number): Value {
  const [queries, count] = similarity.shape as [number, number];
  const nearest = maximum(similarity, [1], { keep: true });
  const weights = exp(mul(sub(similarity, nearest), 1 / VOTE_TEMPERATURE));
  const all = iota(similarity.builder, [queries, count, classes], 2);
  const named = cast(compare(reshape(labels, [queries, count, 1]), 'eq', all), similarity.dtype);
  return sum(mul(reshape(weights, [queries, count, 1]), named), [1]);
}
