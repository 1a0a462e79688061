import { LacunaError } from '../../spec/errors.js';
import {
  formatType,
  type PrimitiveAttributes,
  type PrimitiveName,
  type TensorType,
} from '../../spec/program/index.js';
import type { Arithmetic } from '../arithmetic.js';
import {
  type ExactTensor,
  type FloatTensor,
  isFloatTensor,
  type Tensor,
  zeros,
} from '../tensor.js';

/** One application of a primitive; `type` is that of its result. */
export interface Application<K extends PrimitiveName, Column> {
  readonly arithmetic: Arithmetic<Column>;
  readonly operands: readonly Tensor<Column>[];
  readonly attributes: PrimitiveAttributes[K];
  readonly type: TensorType;
}

/** What a primitive does, in any arithmetic. Types were checked before. */
export type Rule<K extends PrimitiveName> = <Column>(run: Application<K, Column>) => Tensor<Column>;

/** What some primitives do. */
export type Rules<K extends PrimitiveName> = { readonly [P in K]: Rule<P> };

export function operand<C>(operands: readonly Tensor<C>[], index: number): Tensor<C> {
  const tensor = operands[index];
  if (tensor === undefined) throw new LacunaError({ what: `operand ${index} is missing` });
  return tensor;
}

export function floatOperand<C>(operands: readonly Tensor<C>[], index: number): FloatTensor<C> {
  const tensor = operand(operands, index);
  return isFloatTensor(tensor) ? tensor : wrongKind(tensor, 'a float type');
}

export function exactOperand<C>(operands: readonly Tensor<C>[], index: number): ExactTensor {
  const tensor = operand(operands, index);
  return isFloatTensor(tensor) ? wrongKind(tensor, 'integers or bools') : tensor;
}

/** A result of floats, zero so far. */
export function floatZeros<C>(arithmetic: Arithmetic<C>, type: TensorType): FloatTensor<C> {
  const tensor = zeros(arithmetic, type);
  return isFloatTensor(tensor) ? tensor : wrongKind(tensor, 'a float type');
}

function wrongKind(type: TensorType, expected: string): never {
  throw new LacunaError({
    what: 'an element type is not supported',
    got: formatType(type),
    expected,
  });
}
