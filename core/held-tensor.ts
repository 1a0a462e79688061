import { LacunaError } from '../spec/errors.js';
import { formatType, type TensorType } from '../spec/program/index.js';
import type { DeviceTensor } from './backend.js';

/** How a tensor ends. */
type End = 'released' | 'donated';

/** A tensor of a backend: a handle of the memory that has its elements, until it is released or donated. */
export class HeldTensor<Memory> implements DeviceTensor {
  readonly dtype: TensorType['dtype'];
  readonly shape: TensorType['shape'];
  readonly #owner: LiveTensors<Memory>;
  #memory: Memory | undefined;
  #end: End | undefined;

  /** Made by `LiveTensors.keep` alone, which counts it. */
  constructor({ dtype, shape }: TensorType, memory: Memory, owner: LiveTensors<Memory>) {
    this.dtype = dtype;
    this.shape = shape;
    this.#memory = memory;
    this.#owner = owner;
  }

  /** @throws LacunaError after release or donation. */
  get memory(): Memory {
    if (this.#memory === undefined) {
      throw new LacunaError({
        where: this.#owner.backend,
        what: `the tensor ${formatType(this)} was ${this.#end} and cannot be used again`,
      });
    }
    return this.#memory;
  }

  isOf(owner: LiveTensors<Memory>): boolean {
    return this.#owner === owner;
  }

  /** Ends the tensor and frees its memory; idempotent. */
  end(how: End): void {
    const memory = this.take(how);
    if (memory !== undefined) this.#owner.free(memory);
  }

  /** Ends the tensor; its memory goes to the caller, undefined where it had ended before. */
  take(how: End): Memory | undefined {
    const memory = this.#memory;
    this.#memory = undefined;
    this.#end ??= how;
    this.#owner.forget(this);
    return memory;
  }
}

/** The tensors of one backend that were made and neither released nor donated. */
export class LiveTensors<Memory> {
  readonly backend: string;
  readonly free: (memory: Memory) => void;
  readonly #alive = new Set<HeldTensor<Memory>>();

  /**
   * @param backend Its name, for messages.
   * @param free Gives memory back. @defaultValue left to the garbage collector
   */
  constructor(backend: string, free: (memory: Memory) => void = () => {}) {
    this.backend = backend;
    this.free = free;
  }

  get size(): number {
    return this.#alive.size;
  }

  keep(type: TensorType, memory: Memory): HeldTensor<Memory> {
    const tensor = new HeldTensor(type, memory, this);
    this.#alive.add(tensor);
    return tensor;
  }

  /** Whether it is a tensor of this backend, ended or not. */
  readonly isOwn = (tensor: DeviceTensor | undefined): tensor is HeldTensor<Memory> =>
    tensor instanceof HeldTensor && tensor.isOf(this);

  /** @throws LacunaError for a tensor of another backend. */
  own(tensor: DeviceTensor): HeldTensor<Memory> {
    if (this.isOwn(tensor)) return tensor;
    throw new LacunaError({ where: this.backend, what: 'the tensor is of another backend' });
  }

  releaseAll(): void {
    for (const tensor of [...this.#alive]) tensor.end('released');
  }

  /** No longer counts a tensor that ended. */
  forget(tensor: HeldTensor<Memory>): void {
    this.#alive.delete(tensor);
  }
}
