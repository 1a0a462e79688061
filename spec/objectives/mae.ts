import { mean, meanAxisByAxis, square, sub, type Value } from '../program/index.js';

/**
 * The MAE loss: the mean of (prediction - target)^2 over all masked tokens, values and samples.
 * Both are [B, M, P]. TGM equation (3); VideoMAE engine_for_pretraining.py. The mean over the values
 * of a token is taken first, as in MAE, then those over tokens and samples: one sum over millions of
 * terms loses four digits of float32 on backends that add them in order.
 */
export function maeLoss(prediction: Value, target: Value): Value {
  return meanAxisByAxis(mean(square(sub(prediction, target)), [-1]));
}
