/// <reference types="@webgpu/types" />

/** What kernels and copies do with a buffer. */
const USAGE = 0x0080 | 0x0004 | 0x0008; // STORAGE | COPY_SRC | COPY_DST
/** Sizes are rounded up to this, so that freed buffers fit more often. */
const GRAIN = 256;
/** Bytes of freed buffers that are kept. */
const KEPT = 2 ** 30;

/** Buffers of a device; freed ones are used again, so that steps after the first allocate nothing. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #ids = new WeakMap<GPUBuffer, number>();
  #freeBytes = 0;
  #made = 0;
  #live = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Buffers that are in use. */
  get live(): number {
    return this.#live;
  }

  /** Buffers that were ever made. */
  get made(): number {
    return this.#made;
  }

  /** A number that no other buffer has. */
  id(buffer: GPUBuffer): number {
    return this.#ids.get(buffer) ?? -1;
  }

  /** A buffer of at least so many bytes; its contents are whatever was there. */
  take(bytes: number): GPUBuffer {
    const size = Math.ceil(Math.max(bytes, 4) / GRAIN) * GRAIN;
    this.#live += 1;
    const found = this.#free.get(size)?.pop();
    if (found !== undefined) {
      this.#freeBytes -= size;
      return found;
    }
    const buffer = this.#device.createBuffer({ size, usage: USAGE });
    this.#ids.set(buffer, this.#made++);
    return buffer;
  }

  /** Takes a buffer back. What was submitted before may still use it: the queue keeps the order. */
  give(buffer: GPUBuffer): void {
    this.#live -= 1;
    if (this.#freeBytes + buffer.size > KEPT) {
      buffer.destroy();
      return;
    }
    const same = this.#free.get(buffer.size);
    if (same === undefined) this.#free.set(buffer.size, [buffer]);
    else same.push(buffer);
    this.#freeBytes += buffer.size;
  }
}
