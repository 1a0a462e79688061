/// <reference types="@webgpu/types" />

/** What is larger has a buffer of its own. */
const SMALL = 2 ** 16;

interface Wanted {
  readonly from: GPUBuffer;
  readonly bytes: number;
  readonly resolve: (words: Uint8Array) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Reads buffers back. Small ones that are asked for at the same time travel together: a device answers
 * each mapping only when all before it is done, so that a step's metrics one by one would be as many waits.
 */
export class ReadBack {
  readonly #device: GPUDevice;
  #waiting: Wanted[] = [];
  #mapped = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Buffers that were mapped so far. */
  get mapped(): number {
    return this.#mapped;
  }

  /** The first bytes of a buffer, a multiple of 4. */
  read(from: GPUBuffer, bytes: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const wanted = { from, bytes, resolve, reject };
      if (bytes > SMALL) void this.#fetch([wanted]);
      else if (this.#waiting.push(wanted) === 1) {
        queueMicrotask(() => void this.#fetch(this.#waiting.splice(0)));
      }
    });
  }

  async #fetch(all: readonly Wanted[]): Promise<void> {
    const size = all.reduce((sum, { bytes }) => sum + bytes, 0);
    let staging: GPUBuffer | undefined;
    try {
      staging = this.#device.createBuffer({ size, usage: 0x0001 | 0x0008 }); // MAP_READ | COPY_DST
      const encoder = this.#device.createCommandEncoder();
      let end = 0;
      for (const { from, bytes } of all) {
        encoder.copyBufferToBuffer(from, 0, staging, end, bytes);
        end += bytes;
      }
      this.#device.queue.submit([encoder.finish()]);
      this.#mapped += 1;
      await staging.mapAsync(0x0001);
      const words = new Uint8Array(staging.getMappedRange());
      let start = 0;
      for (const { bytes, resolve } of all) {
        resolve(words.slice(start, start + bytes));
        start += bytes;
      }
    } catch (cause) {
      for (const { reject } of all) reject(cause);
    } finally {
      staging?.destroy();
    }
  }
}
