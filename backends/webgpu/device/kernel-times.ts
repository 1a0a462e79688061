/// <reference types="@webgpu/types" />
import type { KernelTime } from '../../../core/backend.js';
import type { Kernel } from '../lowering/kernel.js';

/** Queries that one set can hold. */
const MAX_QUERIES = 4096;

/** Clocks of single kernels, by timestamp queries: each kernel is a pass of its own. */
export class KernelClock {
  readonly #device: GPUDevice;
  readonly #sets: GPUQuerySet[] = [];
  readonly #kernels: Kernel[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** What to begin the pass of a kernel with. */
  pass(kernel: Kernel): GPUComputePassDescriptor {
    const first = this.#kernels.length * 2;
    this.#kernels.push(kernel);
    const set = Math.floor(first / MAX_QUERIES);
    this.#sets[set] ??= this.#device.createQuerySet({ type: 'timestamp', count: MAX_QUERIES });
    const at = first % MAX_QUERIES;
    return {
      timestampWrites: {
        querySet: this.#sets[set],
        beginningOfPassWriteIndex: at,
        endOfPassWriteIndex: at + 1,
      },
    };
  }

  /**
   * The times, once all passes were submitted.
   *
   * @param bytesOf The bytes that a kernel's bindings hold.
   */
  async times(bytesOf: (kernel: Kernel) => number): Promise<readonly KernelTime[]> {
    const bytes = MAX_QUERIES * 8;
    const stamps: bigint[] = [];
    for (const set of this.#sets) {
      const resolved = this.#device.createBuffer({ size: bytes, usage: 0x0200 | 0x0004 });
      const staging = this.#device.createBuffer({ size: bytes, usage: 0x0001 | 0x0008 });
      const encoder = this.#device.createCommandEncoder();
      encoder.resolveQuerySet(set, 0, MAX_QUERIES, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
      this.#device.queue.submit([encoder.finish()]);
      await staging.mapAsync(0x0001);
      stamps.push(...new BigUint64Array(staging.getMappedRange()));
      for (const each of [resolved, staging, set]) each.destroy();
    }
    return this.#kernels.map((kernel, index) => {
      const [start = 0n, end = 0n] = [stamps[index * 2], stamps[index * 2 + 1]];
      const { label, flops } = kernel;
      return { label, milliseconds: Number(end - start) / 1e6, bytes: bytesOf(kernel), flops };
    });
  }
}
