import type { FloatType } from '../program/element-type.js';
import type { AccuracyName } from '../program/primitive-names.js';
import type { FloatFormat } from './number-format.js';

/**
 * How a backend's floating-point arithmetic relates to IEEE 754. A closed list: a backend chooses
 * a name and cannot invent its own.
 * - `f64-ieee`, `f32-ieee`: + - * / and sqrt rounded to nearest, sums in any order.
 * - `f32-flush`: as `f32-ieee`, but a subnormal number may count as 0.
 * - `f32-libm`: as `f32-ieee`, but a square root may be either neighbour of the exact one (1 ulp), and the
 *   error function within GELU, executed whole, may be off by 2^-21: libraries such as PyTorch's.
 * - `f32-wgsl`: the accuracies that the WGSL specification grants, and the order of operations that it
 *   leaves open.
 * - `tf32-products`: as `f32-ieee`, but matrix products read their operands with 11 significant
 *   bits, and add up in f32, both cut or rounded.
 * - `bf16-products`: as `f32-flush`, but matrix products read their operands as bfloat16 (8 significant
 *   bits), and add up in f32, both cut or rounded.
 * - `f16-products-wgsl`: as `f32-wgsl`, but matrix products may read their operands as f16, cut or
 *   rounded, its subnormal numbers as 0; its sums are f32, cut or rounded.
 * - `f16-storage-f32-arithmetic`: f16 in memory, f32 in registers.
 */
export type NumericContract =
  | 'f64-ieee'
  | 'f32-ieee'
  | 'f32-flush'
  | 'f32-libm'
  | 'f32-wgsl'
  | 'tf32-products'
  | 'bf16-products'
  | 'f16-products-wgsl'
  | 'f16-storage-f32-arithmetic';

/** The largest error of a function: so many units in the last place, or this much if that is more. */
export interface Accuracy {
  /** 0.5 is rounding to nearest. */
  readonly ulps: number;
  readonly absolute: number;
}

/** What a numeric contract allows; from it and a computation follow the bounds of a verdict. */
export interface ContractErrors {
  readonly name: NumericContract;
  /** The version of the specification that it is in since; a released contract never changes. */
  readonly since: string;
  /** The format in which the results of operations on this type are held. */
  readonly format: (dtype: FloatType) => FloatFormat;
  /** The largest error of a function for any argument in [low, high]. */
  readonly accuracy: Readonly<Record<AccuracyName, (low: number, high: number) => Accuracy>>;
  /** The same within a composite that is executed whole, and within a function of the specification. */
  readonly accuracyWithin: ContractErrors['accuracy'];
  /** Functions but `div` and `sqrt` may give 0 for a result of a smaller size than this. */
  readonly flushBelow: number;
  /** The format as which a matrix product may read its operands; `undefined`: as they are. */
  readonly factors: FloatFormat | undefined;
  /** Whether NaN and infinities mean what IEEE 754 says, or may do anything. */
  readonly nonFinite: 'kept' | 'undefined';
  /** Whether -0 and 0 are told apart where an operation says which it gives. */
  readonly signedZeros: 'kept' | 'undefined';
  /** Whether + - * /, sums and products are rounded to nearest, so that errors have mean 0. */
  readonly unbiased: boolean;
  /**
   * Whether operations may run in any order that gives the same if computed exactly: (a + b) + c as
   * a + (b + c), (a b) / c as (a / c) b. `false`: an elementwise operation runs as it is written.
   */
  readonly reassociates: boolean;
}
