/// <reference types="@webgpu/types" />
import type { DeviceTensor, HostData, HostTensor } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';
import { elementCount, formatType, type TensorType } from '../../spec/program/index.js';
import type { Runtime } from './device/runtime.js';

/** A tensor in buffers of a device. */
export class WebgpuTensor implements DeviceTensor {
  readonly dtype: TensorType['dtype'];
  readonly shape: TensorType['shape'];
  readonly owner: LiveTensors;
  readonly #runtime: Runtime;
  #buffers: readonly GPUBuffer[] | undefined;
  #end: 'released' | 'donated' | undefined;

  constructor(
    { dtype, shape }: TensorType,
    buffers: readonly GPUBuffer[],
    runtime: Runtime,
    owner: LiveTensors,
  ) {
    this.dtype = dtype;
    this.shape = shape;
    this.owner = owner;
    this.#runtime = runtime;
    this.#buffers = buffers;
    owner.add(this);
  }

  /** @throws LacunaError after release or donation. */
  get buffers(): readonly GPUBuffer[] {
    if (this.#buffers === undefined) {
      throw new LacunaError({
        where: 'webgpu',
        what: `the tensor ${formatType(this)} was ${this.#end} and cannot be used again`,
      });
    }
    return this.#buffers;
  }

  /** Ends the tensor and gives its memory back; idempotent. */
  end(how: 'released' | 'donated'): void {
    for (const buffer of this.take(how)) this.#runtime.buffers.give(buffer);
  }

  /** Ends the tensor; its memory goes to the caller. */
  take(how: 'released' | 'donated'): readonly GPUBuffer[] {
    const buffers = this.#buffers ?? [];
    this.#buffers = undefined;
    this.#end ??= how;
    this.owner.delete(this);
    return buffers;
  }
}

/** The tensors of one backend that were made and neither released nor donated. */
export type LiveTensors = Set<WebgpuTensor>;

/** Host elements as words of the device: a bool a word, four u8 a word. */
export function toWords({ dtype, shape, data }: HostTensor): Uint8Array {
  const count = elementCount(shape);
  const bytes = (view: Exclude<HostData, Uint8Array>): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (dtype === 'bool') return bytes(Uint32Array.from(data) as never);
  if (dtype === 'u8') {
    const padded = new Uint8Array(Math.ceil(count / 4) * 4);
    padded.set(data);
    return padded;
  }
  return bytes(dtype === 'i32' ? Int32Array.from(data) : Float32Array.from(data));
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
