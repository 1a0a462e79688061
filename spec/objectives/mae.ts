import { mean, square, sub, type Value } from '../program/index.js';

/**
 * The MAE loss: the mean of (prediction - target)^2 over all masked tokens, values and samples.
 * Both are [B, M, P]. TGM equation (3); VideoMAE engine_for_pretraining.py.
 */
export function maeLoss(prediction: Value, target: Value): Value {
  return mean(square(sub(prediction, target)));
}
