import { binade, powerOfTwo } from '../numeric/binary.js';

/** A storage format: how far a rounded number may lie from the exact one. */
export interface FloatFormat {
  /** Largest relative error of one rounding: 2^-24 for f32. */
  readonly unitRoundoff: number;
  /** Largest absolute error of rounding to a subnormal: 2^-150 for f32. */
  readonly underflow: number;
  /** The least number that rounds to infinity. */
  readonly overflow: number;
  /** Numbers of a smaller size may be read and written as 0; 0 where subnormals are kept. */
  readonly flushBelow: number;
  /** x rounded to the nearest, ties to even. */
  readonly round: (x: number) => number;
}

/** IEEE 754 binary32. */
export const BINARY32: FloatFormat = {
  unitRoundoff: 2 ** -24,
  underflow: 2 ** -150,
  overflow: 2 ** 128 - 2 ** 103,
  flushBelow: 0,
  round: Math.fround,
};

/** IEEE 754 binary64. */
export const BINARY64: FloatFormat = {
  unitRoundoff: 2 ** -53,
  underflow: 2 ** -1075,
  overflow: Number.POSITIVE_INFINITY,
  flushBelow: 0,
  round: (x) => x,
};

/** IEEE 754 binary16: 11 significant bits, exponents from -14 to 15. */
export const BINARY16: FloatFormat = {
  unitRoundoff: 2 ** -11,
  underflow: 2 ** -25,
  overflow: 65520,
  flushBelow: 0,
  round: (x) => (Math.abs(x) >= 65520 ? Math.sign(x) * Infinity : roundTo(x, 11, -14)),
};

/** bfloat16: float32 with 8 significant bits. */
export const BFLOAT16: FloatFormat = {
  unitRoundoff: 2 ** -8,
  underflow: 2 ** -134,
  overflow: 2 ** 128 - 2 ** 119,
  flushBelow: 0,
  round: (x) =>
    Math.abs(x) >= 2 ** 128 - 2 ** 119 ? Math.sign(x) * Infinity : roundTo(x, 8, -126),
};

/** binary32 whose subnormal numbers may count as 0 anywhere. */
export const BINARY32_FLUSHED: FloatFormat = { ...BINARY32, flushBelow: 2 ** -126 };

/** TF32, cut or rounded: the exponents of binary32, 11 significant bits. */
export const TF32_CUT: FloatFormat = {
  unitRoundoff: 2 ** -10,
  underflow: 2 ** -136,
  overflow: 2 ** 128 - 2 ** 116,
  flushBelow: 0,
  round: (x) => roundTo(x, 11, -126),
};

/** bfloat16, cut or rounded: the exponents of binary32, 8 significant bits. */
export const BFLOAT16_CUT: FloatFormat = {
  ...BFLOAT16,
  unitRoundoff: 2 ** -7,
  underflow: 2 ** -133,
};

/**
 * binary16 as WGSL converts to it: cut or rounded, subnormal numbers kept or 0, and anything beyond
 * the largest finite number.
 */
export const BINARY16_CUT: FloatFormat = {
  unitRoundoff: 2 ** -10,
  underflow: 2 ** -24,
  overflow: 65504 + 2 ** -20,
  flushBelow: 2 ** -14,
  round: BINARY16.round,
};

/** x to `bits` significant bits, ties to even; below 2^least to multiples of the smallest number. */
export function roundTo(x: number, bits: number, least: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const size = Math.abs(x);
  const unit = Math.max(binade(size), powerOfTwo(least)) * powerOfTwo(1 - bits);
  const count = size / unit;
  const below = Math.floor(count);
  const rest = count - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0);
  return Math.sign(x) * (up ? below + 1 : below) * unit;
}
