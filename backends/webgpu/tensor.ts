/// <reference types="@webgpu/types" />
import type { HostTensor } from '../../core/backend.js';
import type { HeldTensor } from '../../core/held-tensor.js';
import { elementCount, type TensorType } from '../../spec/program/index.js';

/** A tensor in buffers of a device. */
export type WebgpuTensor = HeldTensor<readonly GPUBuffer[]>;

/**
 * Host elements as words of the device: a bool a word, four u8 a word. Elements that are words already are
 * not copied: the result is to be handed on at once.
 */
export function toWords({ dtype, shape, data }: HostTensor): Uint8Array {
  const count = elementCount(shape);
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength);
  if (dtype === 'bool') return bytes(Uint32Array.from(data));
  if (dtype === 'u8') {
    if (data instanceof Uint8Array && count % 4 === 0) return data;
    const padded = new Uint8Array(Math.ceil(count / 4) * 4);
    padded.set(data);
    return padded;
  }
  if (dtype === 'i32') return bytes(data instanceof Int32Array ? data : Int32Array.from(data));
  return bytes(data instanceof Float32Array ? data : Float32Array.from(data));
}

/** Words of the device as host elements. */
export function fromWords({ dtype, shape }: TensorType, words: ArrayBuffer): HostTensor {
  const count = elementCount(shape);
  if (dtype === 'bool') {
    return { dtype, shape, data: Uint8Array.from(new Uint32Array(words, 0, count)) };
  }
  if (dtype === 'u8') return { dtype, shape, data: new Uint8Array(words, 0, count) };
  const view = dtype === 'i32' ? Int32Array : Float32Array;
  return { dtype, shape, data: new view(words, 0, count) };
}
