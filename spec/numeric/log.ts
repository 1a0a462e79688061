import { binaryExponent, scaleByPowerOfTwo } from './binary.js';

/** ln 2 in two parts; the upper has 32 significant bits, so that its products with exponents are exact. */
export const LN_2_HIGH = 0.6931471803691238;
export const LN_2_LOW = 1.9082149292705877e-10;

/**
 * The natural logarithm within 1 unit in the last place, the same on every machine:
 * x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); with s = f / (2 + f),
 * ln(1 + f) = 2 artanh(s) = 2 (s + s^3/3 + ... + s^23/23). -Infinity at 0, NaN below.
 */
export function log(x: number): number {
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (!(x > 0)) return Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const k = binaryExponent(x);
  const f = scaleByPowerOfTwo(x, -k) - 1;
  const s = f / (2 + f);
  const z = s * s;
  let sum = 2 / 23;
  sum = sum * z + 2 / 21;
  sum = sum * z + 2 / 19;
  sum = sum * z + 2 / 17;
  sum = sum * z + 2 / 15;
  sum = sum * z + 2 / 13;
  sum = sum * z + 2 / 11;
  sum = sum * z + 2 / 9;
  sum = sum * z + 2 / 7;
  sum = sum * z + 2 / 5;
  sum = sum * z + 2 / 3;
  // 2 artanh(s) = f - (f^2/2 - s (f^2/2 + sum z)): the large term f is exact.
  const half = 0.5 * f * f;
  return k * LN_2_HIGH - (half - (s * (half + sum * z) + k * LN_2_LOW) - f);
}
