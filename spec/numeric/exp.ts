import { scaleByPowerOfTwo } from './binary.js';
import { LN_2_HIGH, LN_2_LOW } from './log.js';

/**
 * e^x within 1 unit in the last place, the same on every machine: x = k ln 2 + r with
 * |r| <= ln(2)/2, the Taylor series of e^r to degree 13, times 2^k. Infinity above 709.78, 0 below
 * -745.14; NaN stays NaN.
 */
export function exp(x: number): number {
  return expOfSum(x, 0);
}

/** e^(x + tail) for a tail below the last place of x. */
export function expOfSum(x: number, tail: number): number {
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  if (Number.isNaN(x)) return x;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  // k * LN_2_HIGH and the difference are exact.
  const high = x - k * LN_2_HIGH;
  const low = k * LN_2_LOW;
  const r = high - low;
  const rest = high - r - low + tail;
  let sum = 1 / 6227020800;
  sum = sum * r + 1 / 479001600;
  sum = sum * r + 1 / 39916800;
  sum = sum * r + 1 / 3628800;
  sum = sum * r + 1 / 362880;
  sum = sum * r + 1 / 40320;
  sum = sum * r + 1 / 5040;
  sum = sum * r + 1 / 720;
  sum = sum * r + 1 / 120;
  sum = sum * r + 1 / 24;
  sum = sum * r + 1 / 6;
  sum = sum * r + 1 / 2;
  // e^(r + rest) = e^r + e^r rest, with e^r = 1 + r + curve, the rounding of 1 + r given back
  const curve = r * r * sum;
  const lead = 1 + r;
  return scaleByPowerOfTwo(lead + (r - (lead - 1) + (curve + rest * (lead + curve))), k);
}
