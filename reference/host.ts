import type { HostData, HostTensor } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import {
  type DType,
  elementCount,
  formatType,
  isFloat,
  sameShape,
  type ValueDeclaration,
} from '../spec/program/index.js';
import type { Arithmetic } from './arithmetic.js';
import { isFloatTensor, type Tensor } from './tensor.js';

/**
 * A host tensor taken in. Floats may come as doubles whatever their type, since the reference
 * hands them out so.
 *
 * @throws LacunaError where type, shape, container or number of elements do not fit.
 */
export function fromHost<C>(
  arithmetic: Arithmetic<C>,
  tensor: HostTensor | undefined,
  declared: ValueDeclaration,
): Tensor<C> {
  const { name, dtype, shape } = declared;
  if (tensor === undefined) {
    throw new LacunaError({
      where: name,
      what: 'an input is missing',
      expected: formatType(declared),
    });
  }
  if (tensor.dtype !== dtype || !sameShape(tensor.shape, shape)) {
    throw new LacunaError({
      where: name,
      what: 'an input has the wrong type',
      got: formatType(tensor),
      expected: formatType(declared),
    });
  }
  const { data } = tensor;
  if (data.length !== elementCount(shape) || !holds(dtype, data)) {
    throw new LacunaError({
      where: name,
      what: 'the data of an input do not fit its type',
      got: `${data.constructor.name} of ${data.length}`,
      expected: `${elementCount(shape)} elements of ${dtype}`,
    });
  }
  if (!isFloat(dtype)) {
    return { dtype, shape, data: dtype === 'i32' ? Int32Array.from(data) : Uint8Array.from(data) };
  }
  return { dtype, shape, column: arithmetic.load(numbers(dtype, data), dtype) };
}

/** The tensor as host data; floats in the container that the arithmetic has. */
export function toHost<C>(arithmetic: Arithmetic<C>, tensor: Tensor<C>): HostTensor {
  const { dtype, shape } = tensor;
  const data = isFloatTensor(tensor) ? arithmetic.values(tensor.column) : tensor.data;
  return { dtype, shape, data: data.slice() };
}

function holds(dtype: DType, data: HostData): boolean {
  switch (dtype) {
    case 'f64':
    case 'f32':
      return data instanceof Float32Array || data instanceof Float64Array;
    case 'f16':
    case 'bf16':
      return data instanceof Uint16Array || data instanceof Float64Array;
    case 'i32':
      return data instanceof Int32Array;
    case 'u8':
    case 'bool':
      return data instanceof Uint8Array;
    default:
      return dtype satisfies never;
  }
}

function numbers(dtype: DType, data: HostData): ArrayLike<number> {
  if (!(data instanceof Uint16Array)) return data;
  return Float64Array.from(data, dtype === 'bf16' ? numberOfBf16 : numberOfF16);
}

/** The number that 16 bits stand for: the upper half of a float32. */
function numberOfBf16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}

/** The number that 16 bits stand for: 1 sign, 5 exponent, 10 fraction bits. */
function numberOfF16(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
