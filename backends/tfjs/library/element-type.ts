import type { HostData } from '../../../core/backend.js';
import { LacunaError } from '../../../spec/errors.js';
import type { DType } from '../../../spec/program/index.js';
import type { TfData, TfType } from './tfjs.js';

/** How an element type is held in TensorFlow.js, which has three types only. */
interface ElementType {
  readonly held: TfType;
  /** Data of the host as TensorFlow.js takes it in: a copy, since it reads its input late. */
  readonly up: (data: HostData) => TfData;
  readonly down: (data: TfData) => HostData;
}

const ELEMENT_TYPES: Partial<Record<DType, ElementType>> = {
  f32: {
    held: 'float32',
    up: (data) => Float32Array.from(data),
    down: (data) => Float32Array.from(data),
  },
  i32: {
    held: 'int32',
    up: (data) => Int32Array.from(data),
    down: (data) => Int32Array.from(data),
  },
  u8: { held: 'int32', up: (data) => Int32Array.from(data), down: (data) => Uint8Array.from(data) },
  bool: {
    held: 'bool',
    up: (data) => Uint8Array.from(data),
    down: (data) => Uint8Array.from(data),
  },
};

/** @throws LacunaError for a type that TensorFlow.js cannot hold. */
export function elementType(dtype: DType, where: string): ElementType {
  const type = ELEMENT_TYPES[dtype];
  if (type !== undefined) return type;
  throw new LacunaError({
    where,
    what: 'TensorFlow.js has no such element type',
    got: dtype,
    expected: `one of ${Object.keys(ELEMENT_TYPES).join(', ')}`,
  });
}
