import type { Comparison, FloatType, FunctionName } from '../spec/program/index.js';

/**
 * How floating-point numbers are held and computed. The primitives are written once over this
 * interface; an arithmetic gives them float64 (`Float64`), float32 in some summation order
 * (`Float32`) or intervals that hold every legal result of a backend (`Intervals`).
 *
 * A `Column` is a list of numbers. Functions write element i of `out`; elementwise ones read
 * element i of their operands.
 */
export interface Arithmetic<Column> {
  readonly name: string;
  /** `count` zeros. */
  allocate(count: number, dtype: FloatType): Column;
  /** Numbers from outside, brought into `dtype` as this arithmetic stores it. */
  load(data: ArrayLike<number>, dtype: FloatType): Column;
  /** Literals of a program, brought into `dtype`. @defaultValue as `load` does */
  literal?(data: ArrayLike<number>, dtype: FloatType): Column;
  /** The numbers, as one may hand them out; an interval gives the value that float64 has. */
  values(x: Column): Float64Array | Float32Array;
  /** out[i] = x[j] */
  copy(out: Column, i: number, x: Column, j: number): void;

  add(out: Column, a: Column, b: Column, i: number): void;
  sub(out: Column, a: Column, b: Column, i: number): void;
  mul(out: Column, a: Column, b: Column, i: number): void;
  div(out: Column, a: Column, b: Column, i: number): void;
  min(out: Column, a: Column, b: Column, i: number): void;
  max(out: Column, a: Column, b: Column, i: number): void;
  neg(out: Column, x: Column, i: number): void;
  /** out[i] = the function of x[i]. */
  library(name: FunctionName, out: Column, x: Column, i: number): void;
  /** x[i] brought into the type of `out`. */
  convert(out: Column, x: Column, i: number): void;

  /** Undefined where two legal backends may disagree. */
  compare(direction: Comparison, a: Column, b: Column, i: number): boolean | undefined;
  /** Undefined where two legal backends may disagree. */
  isFinite(x: Column, i: number): boolean | undefined;
  /** x[i] cut towards zero; undefined where two legal backends may disagree. */
  truncate(x: Column, i: number): number | undefined;
  /** out[i] = a[i] or b[i], whichever a backend takes that does not know the condition. */
  either(out: Column, a: Column, b: Column, i: number): void;

  /** out[i] = the sum of x[base + offset] over all offsets; 0 where there are none. */
  sum(out: Column, i: number, x: Column, base: number, offsets: Int32Array): void;
  /** out[i] = the largest x[base + offset]; there is at least one offset. */
  maximum(out: Column, i: number, x: Column, base: number, offsets: Int32Array): void;
  /** out[i] = the sum of a * b over `count` pairs; `start` and `step` say where they lie. */
  dot(out: Column, i: number, a: Run<Column>, b: Run<Column>, count: number): void;
}

/** Every `step`-th element of a column from `start` on. */
export interface Run<Column> {
  readonly column: Column;
  readonly start: number;
  readonly step: number;
}
