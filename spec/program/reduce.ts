import type { Value } from './builder.js';
import { max, mul, rsqrt, square } from './elementwise.js';

interface ReduceOptions {
  /** Keep reduced axes with extent 1. @defaultValue false */
  readonly keep?: boolean;
}

/** The sum over `axes` (negative ones count from the last; default: all). */
export function sum(x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value {
  const attributes = { axes: resolved(x, axes), keep: options.keep ?? false };
  return attributes.axes.length === 0 ? x : x.builder.primitive('reduce_sum', [x], attributes);
}

/**
 * The sum over all axes, one after the other, the last first: [2, 3] by way of [2] to a scalar. For
 * many terms of one sign, such as squares: a backend that adds all of them in 8 lanes (ONNX Runtime)
 * adds each to a partial sum that is a hundred thousand times as large, and of 6 million squares
 * finds the sum 3e-4 too small. By axes no partial sum has more terms than its axis.
 */
export function sumAxisByAxis(x: Value): Value {
  let partial = x;
  while (partial.shape.length > 0) partial = sum(partial, [-1]);
  return partial;
}

/** The largest element over `axes`; reducing an empty axis is an error of the builder. */
export function maximum(x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value {
  const attributes = { axes: resolved(x, axes), keep: options.keep ?? false };
  return attributes.axes.length === 0 ? x : x.builder.primitive('reduce_max', [x], attributes);
}

/** The mean over `axes`: sum / count. */
export function mean(x: Value, axes?: readonly number[], options: ReduceOptions = {}): Value {
  const count = resolved(x, axes).reduce((product, axis) => product * (x.shape[axis] ?? 1), 1);
  return mul(sum(x, axes, options), 1 / count);
}

/** The mean over all axes, added up as `sumAxisByAxis` does. */
export function meanAxisByAxis(x: Value): Value {
  return mul(sumAxisByAxis(x), 1 / x.shape.reduce((product, extent) => product * extent, 1));
}

/**
 * x / max(|x|, eps) over the last axis, computed as x * rsqrt(max(|x|^2, eps^2)), so that the
 * gradient exists at x = 0 too. @defaultValue eps 1e-12 (PyTorch's `normalize`)
 */
export function l2Normalize(x: Value, eps: number = 1e-12): Value {
  const squared = sum(square(x), [-1], { keep: true });
  return mul(x, rsqrt(max(squared, eps * eps)));
}

function resolved(x: Value, axes: readonly number[] = x.shape.map((_, axis) => axis)): number[] {
  return axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis)).sort((a, b) => a - b);
}
