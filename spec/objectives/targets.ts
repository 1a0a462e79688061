import {
  add,
  div,
  mean,
  mul,
  reshape,
  rsqrt,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Value,
} from '../program/index.js';

/**
 * What the decoder predicts for a masked cube.
 * - `per-cube-channel`: pixels in [0, 1], normalised per cube and channel (VideoMAE, MGMAE, HF).
 * - `per-patch`: what the network sees (pixels by the mean and deviation of their channel), normalised
 *   over the whole cube, channels included (MAE, ST-MAE).
 * - `raw`: pixels in [0, 1].
 */
export type TargetKind = (typeof TARGET_KINDS)[number];
export const TARGET_KINDS = ['per-cube-channel', 'per-patch', 'raw'] as const;

const CHANNELS = 3;
const EPS = 1e-6;

/**
 * The targets [B, M, P] of masked cubes, from their pixels [B, M, P].
 * - per-cube-channel: y = (x - mean) / (sqrt(var) + 1e-6), 3 statistics over P/3 values each;
 * - per-patch: y = (x - mean) / sqrt(var + 1e-6), one over P values.
 * Variances are unbiased (divided by count - 1).
 */
export function targets(pixels: Value, kind: TargetKind): Value {
  if (kind === 'raw') return pixels;
  const [batch, count, size] = pixels.shape as [number, number, number];
  if (kind === 'per-patch') {
    const { centered, variance } = deviations(pixels, 2);
    return mul(centered, rsqrt(add(variance, EPS)));
  }
  const channels = reshape(pixels, [batch, count, size / CHANNELS, CHANNELS]);
  const { centered, variance } = deviations(channels, 2);
  return reshape(div(centered, add(sqrt(variance), EPS)), pixels.shape);
}

/**
 * x - mean and the variance along an axis. Both are taken of x minus its first value, which changes
 * neither: where all values are equal (flat image regions) the deviations are then exactly 0.
 * Otherwise they would be the rounding error of the mean, and y, divided by about eps, noise of
 * size 1 that differs from backend to backend.
 */
function deviations(
  x: Value,
  axis: number,
): { readonly centered: Value; readonly variance: Value } {
  const shifted = sub(x, slice(x, axis, 0, 1));
  const centered = sub(shifted, mean(shifted, [axis], { keep: true }));
  const degrees = (x.shape[axis] as number) - 1;
  return { centered, variance: mul(sum(square(centered), [axis], { keep: true }), 1 / degrees) };
}
