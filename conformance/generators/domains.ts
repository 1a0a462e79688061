/** A number in [0, 1]. */
export function probability(x: number): number {
  return Math.abs(Math.fround(Math.sin(x)));
}

/** A learning rate as it is at some step. */
export function learningRate(x: number): number {
  return Math.fround(1e-4 * (1 + Math.abs(Math.sin(x))));
}

/** 1 - beta^t as it is at some step. */
export function correction(x: number): number {
  return Math.fround(0.05 + 0.9 * probability(x));
}
