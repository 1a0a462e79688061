/** A loss and its gradient by each prediction. */
export interface MaeResult {
  readonly loss: number;
  readonly dPrediction: Float64Array;
}

/**
 * L = (1/n) sum (prediction - target)^2 over all n values of all masked cubes of all samples;
 * dL / dprediction = 2 (prediction - target) / n. By hand, independent of any program.
 */
export function maeClosedForm(prediction: ArrayLike<number>, target: ArrayLike<number>): MaeResult {
  const count = prediction.length;
  const dPrediction = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const difference = (prediction[i] as number) - (target[i] as number);
    total += difference * difference;
    dPrediction[i] = (2 * difference) / count;
  }
  return { loss: total / count, dPrediction };
}
