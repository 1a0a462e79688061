import { elementCount, isFloat, type TensorType } from '../../spec/program/index.js';
import type { Arithmetic } from '../arithmetic.js';
import type { Tensor } from '../tensor.js';
import { exactZeros } from '../tensor.js';

/** A tensor of these literals; one number fills it all. */
export function fill<C>(
  arithmetic: Arithmetic<C>,
  type: TensorType,
  data: readonly number[],
): Tensor<C> {
  const { dtype, shape } = type;
  const numbers = Array.from({ length: elementCount(shape) }, (_, i) =>
    data.length === 1 ? (data[0] as number) : (data[i] as number),
  );
  if (isFloat(dtype)) {
    const column = arithmetic.literal?.(numbers, dtype) ?? arithmetic.load(numbers, dtype);
    return { dtype, shape, column };
  }
  const out = exactZeros(type);
  out.data.set(numbers);
  return out;
}
