import { add, sqrt, square, sumAxisByAxis, type Value } from '../program/index.js';

/**
 * The Euclidean norm of all gradients together, a scalar: sqrt(sum over tensors of sum(g^2)), each
 * tensor's sum taken axis by axis. It is reported and steers nothing.
 */
export function gradientNorm(gradients: Iterable<Value>): Value {
  return sqrt(
    [...gradients].map((gradient) => sumAxisByAxis(square(gradient))).reduce((a, b) => add(a, b)),
  );
}
