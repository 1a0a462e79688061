import type { NumericContract } from '../core/backend.js';
import type { FloatType } from '../spec/program/index.js';

/** A storage format: how far a rounded number may lie from the exact one. */
export interface FloatFormat {
  /** Largest relative error of one rounding: 2^-24 for f32. */
  readonly unitRoundoff: number;
  /** Largest absolute error of rounding to a subnormal: 2^-150 for f32. */
  readonly underflow: number;
  /** The least number that rounds to infinity. */
  readonly overflow: number;
  /** x rounded to the nearest, ties to even. */
  readonly round: (x: number) => number;
}

/** Functions whose accuracy a numeric contract states. */
export type AccuracyName = 'div' | 'sqrt' | 'rsqrt' | 'exp' | 'log' | 'erf' | 'tanh';

/**
 * What a numeric contract allows: sums and inner products in any order and with fused
 * multiply-add, + - * rounded to nearest, and these functions.
 */
export interface ContractErrors {
  readonly name: NumericContract;
  /** The format in which the results of operations on this type are held. */
  readonly format: (dtype: FloatType) => FloatFormat;
  /** Errors in units in the last place; 0.5 is rounding to nearest. */
  readonly ulps: Readonly<Record<AccuracyName, number>>;
  /** `exp`, `erf`, `tanh` and the others but `div` and `sqrt` may give 0 for a result below this. */
  readonly flushBelow: number;
}
