import type { HostData, HostTensor, Named } from '../core/backend.js';
import { type DType, elementCount } from '../spec/program/index.js';
import { Breakdown } from './breakdown.js';
import type { TensorHeader } from './messages.js';

interface Layout {
  readonly bytes: number;
  readonly view: (bytes: ArrayBuffer) => HostData;
}

const LAYOUTS: Readonly<Record<DType, Layout>> = {
  f64: { bytes: 8, view: (bytes) => new Float64Array(bytes) },
  f32: { bytes: 4, view: (bytes) => new Float32Array(bytes) },
  f16: { bytes: 2, view: (bytes) => new Uint16Array(bytes) },
  bf16: { bytes: 2, view: (bytes) => new Uint16Array(bytes) },
  i32: { bytes: 4, view: (bytes) => new Int32Array(bytes) },
  u8: { bytes: 1, view: (bytes) => new Uint8Array(bytes) },
  bool: { bytes: 1, view: (bytes) => new Uint8Array(bytes) },
};

/** The headers and frames of tensors, in one order. */
export function encodeTensors(tensors: Named<HostTensor>): {
  readonly headers: TensorHeader[];
  readonly frames: readonly Uint8Array[];
} {
  const entries = Object.entries(tensors);
  const frames = entries.map(([, { dtype, data }]) => {
    // Float64 may stand for another type inside the suite; on the wire a type is itself.
    const own = dtype === 'f32' && data instanceof Float64Array ? Float32Array.from(data) : data;
    return new Uint8Array(own.buffer, own.byteOffset, own.byteLength);
  });
  const headers = entries.map(([name, { dtype, shape }], index) => {
    return { name, dtype, shape: [...shape], bytes: (frames[index] as Uint8Array).length };
  });
  return { headers, frames };
}

/** @throws Breakdown where the bytes that a header announces do not fit its type. */
export function requireFit({ name, dtype, shape, bytes }: TensorHeader): void {
  const expected = elementCount(shape) * LAYOUTS[dtype].bytes;
  if (bytes === expected) return;
  throw new Breakdown(`${name}: ${bytes} bytes for ${dtype}[${shape}], which has ${expected}`);
}

/** The tensor of a header that fits. @throws Breakdown where a bool is neither 0 nor 1. */
export function decodeTensor({ name, dtype, shape }: TensorHeader, frame: Uint8Array): HostTensor {
  const data = LAYOUTS[dtype].view(Uint8Array.from(frame).buffer);
  if (dtype === 'bool' && data.some((value: number) => value > 1)) {
    throw new Breakdown(`${name}: a bool is neither 0 nor 1`);
  }
  return { dtype, shape, data };
}
