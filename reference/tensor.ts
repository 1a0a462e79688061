import { LacunaError } from '../spec/errors.js';
import {
  type DType,
  elementCount,
  type FloatType,
  formatType,
  isFloat,
  type Shape,
  type TensorType,
} from '../spec/program/index.js';
import type { Arithmetic } from './arithmetic.js';

/** A tensor of floats; how they are held is the arithmetic's affair. */
export interface FloatTensor<Column> {
  readonly dtype: FloatType;
  readonly shape: Shape;
  readonly column: Column;
}

/** A tensor of integers or bools, which are exact in every arithmetic. */
export interface ExactTensor {
  readonly dtype: Exclude<DType, FloatType>;
  readonly shape: Shape;
  readonly data: Int32Array | Uint8Array;
  /** 1 where two legal backends may disagree: the outcome of a comparison too close to call. */
  unsure?: Uint8Array;
}

export type Tensor<Column> = FloatTensor<Column> | ExactTensor;

/** A tensor of zeros. */
export function zeros<C>(arithmetic: Arithmetic<C>, type: TensorType): Tensor<C> {
  const { dtype, shape } = type;
  if (!isFloat(dtype)) return exactZeros(type);
  return { dtype, shape, column: arithmetic.allocate(elementCount(shape), dtype) };
}

/** A tensor of zeros or falses, of integers or bools. */
export function exactZeros(type: TensorType): ExactTensor {
  const { dtype, shape } = type;
  if (isFloat(dtype)) {
    throw new LacunaError({
      what: 'an element type is not supported',
      got: formatType(type),
      expected: 'integers or bools',
    });
  }
  const count = elementCount(shape);
  return { dtype, shape, data: dtype === 'i32' ? new Int32Array(count) : new Uint8Array(count) };
}

export function isFloatTensor<C>(tensor: Tensor<C>): tensor is FloatTensor<C> {
  return isFloat(tensor.dtype);
}

/** What does out[i] = x[j]; both have one type. */
export function copier<C>(
  arithmetic: Arithmetic<C>,
  out: Tensor<C>,
  x: Tensor<C>,
): (i: number, j: number) => void {
  if (isFloatTensor(out) && isFloatTensor(x)) {
    const [to, from] = [out.column, x.column];
    return (i, j) => arithmetic.copy(to, i, from, j);
  }
  if (isFloatTensor(out) || isFloatTensor(x)) return () => {};
  return (i, j) => {
    out.data[i] = x.data[j] as number;
    if (isUnsure(x, j)) markUnsure(out, i);
  };
}

export function isUnsure(x: ExactTensor, i: number): boolean {
  return x.unsure !== undefined && x.unsure[i] === 1;
}

export function markUnsure(x: ExactTensor, i: number): void {
  x.unsure ??= new Uint8Array(x.data.length);
  x.unsure[i] = 1;
}

/** The distance, in row-major order, between neighbours on each axis. */
export function strides(shape: Shape): number[] {
  const steps = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    steps[axis] = step;
    step *= shape[axis] as number;
  }
  return steps;
}

/** start + the sum of index * step over the axes, for every index within `extents`, in order. */
export function offsets(
  extents: readonly number[],
  steps: readonly number[],
  start: number = 0,
): Int32Array {
  let list = Int32Array.of(start);
  for (let axis = 0; axis < extents.length; axis++) {
    const [extent, step] = [extents[axis] as number, steps[axis] as number];
    if (extent === 1) continue;
    const next = new Int32Array(list.length * extent);
    let place = 0;
    for (const offset of list) {
      for (let i = 0; i < extent; i++) next[place++] = offset + i * step;
    }
    list = next;
  }
  return list;
}
