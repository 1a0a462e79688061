import {
  add,
  cast,
  compare,
  crossEntropy,
  iota,
  mean,
  mul,
  reshape,
  sub,
  sum,
  type Value,
} from '../program/index.js';
import { partners } from './mix.js';

/** 1 in the column of each row's label, 0 elsewhere: labels i32 [B] to [B, C]. */
export function oneHotRows(labels: Value, classes: number): Value {
  const { builder } = labels;
  const [rows] = labels.shape as [number];
  const columns = iota(builder, [rows, classes], 1);
  return cast(compare(reshape(labels, [rows, 1]), 'eq', columns), builder.float);
}

/**
 * Targets [B, C] of labels i32 [B]. Smoothed: s = 1 - eps + eps / C at the label, eps / C elsewhere; then
 * mixed: share s[b] + (1 - share) s[B - 1 - b], with the share of `drawMix`, a scalar.
 *
 * Source: timm mixup.py, `one_hot` and `mixup_target`; without mixing the loss is that of timm's
 * `LabelSmoothingCrossEntropy`.
 */
export function softTargets(
  labels: Value,
  classes: number,
  smoothing: number,
  share?: Value,
): Value {
  const hot = oneHotRows(labels, classes);
  const own = smoothing === 0 ? hot : add(mul(hot, 1 - smoothing), smoothing / classes);
  if (share === undefined) return own;
  return add(mul(own, share), mul(partners(own), sub(1, share)));
}

/**
 * The mean over rows of -sum_j t[i, j] log softmax(x[i, :])[j], for targets whose rows sum to 1: the
 * cross-entropy against the label, plus sum_j (onehot - t)[i, j] x[i, j].
 * Source: timm `SoftTargetCrossEntropy`.
 */
export function softCrossEntropy(logits: Value, labels: Value, targets: Value): Value {
  const hot = oneHotRows(labels, logits.shape[1] as number);
  const moved = sum(mul(sub(hot, targets), logits), [1]);
  return mean(add(crossEntropy(logits, labels), moved));
}
