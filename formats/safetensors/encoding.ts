import type { HostData } from '../../core/backend.js';
import { type DType, LacunaError } from '../../spec/index.js';

/** How the elements of a tensor lie in a safetensors file: little-endian and row-major. */
export interface Encoding {
  /** The element type that they are read as. */
  readonly dtype: DType;
  /** Of an element in the file. */
  readonly bytes: number;
  /** The elements in `bytes`, which this takes over. `where` names the tensor in an error. */
  readonly read: (bytes: ArrayBuffer, where: string) => HostData;
}

/** What the element types that are read are called in the file. */
export type EncodingName = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'U8' | 'BOOL';

export const ENCODINGS: Readonly<Record<EncodingName, Encoding>> = {
  F64: { dtype: 'f64', bytes: 8, read: (bytes) => new Float64Array(bytes) },
  F32: { dtype: 'f32', bytes: 4, read: (bytes) => new Float32Array(bytes) },
  F16: { dtype: 'f16', bytes: 2, read: (bytes) => new Uint16Array(bytes) },
  BF16: { dtype: 'bf16', bytes: 2, read: (bytes) => new Uint16Array(bytes) },
  I64: { dtype: 'i32', bytes: 8, read: readInt64 },
  I32: { dtype: 'i32', bytes: 4, read: (bytes) => new Int32Array(bytes) },
  U8: { dtype: 'u8', bytes: 1, read: (bytes) => new Uint8Array(bytes) },
  BOOL: { dtype: 'bool', bytes: 1, read: (bytes) => new Uint8Array(bytes) },
};

/** What an element type is written as. */
export const WRITTEN_AS: Readonly<Record<DType, EncodingName>> = {
  f64: 'F64',
  f32: 'F32',
  f16: 'F16',
  bf16: 'BF16',
  i32: 'I32',
  u8: 'U8',
  bool: 'BOOL',
};

/** Programs have no 64-bit integers: they are read as i32, where each of them fits. */
function readInt64(bytes: ArrayBuffer, where: string): Int32Array {
  return Int32Array.from(new BigInt64Array(bytes), (value) => {
    if (BigInt.asIntN(32, value) === value) return Number(value);
    throw new LacunaError({ where, what: 'an integer does not fit 32 bits', got: String(value) });
  });
}
