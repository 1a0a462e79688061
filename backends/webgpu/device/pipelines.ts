/// <reference types="@webgpu/types" />
import { LacunaError } from '../../../spec/errors.js';
import type { Kernel } from '../lowering/kernel.js';

export interface Compiled {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Pipelines of a device, by their code: kernels that are equal share one. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, Promise<Compiled>>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get size(): number {
    return this.#compiled.size;
  }

  /** The pipelines of kernels, in order; those that are new are compiled side by side. */
  all(kernels: readonly Kernel[]): Promise<readonly Compiled[]> {
    return Promise.all(kernels.map((kernel) => this.#one(kernel)));
  }

  #one(kernel: Kernel): Promise<Compiled> {
    const access = kernel.bindings.map((binding) => binding.access[0]).join('');
    const key = `${access}\n${kernel.code}`;
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      compiled = this.#compile(kernel);
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  async #compile({ code, bindings, label }: Kernel): Promise<Compiled> {
    const layout = this.#device.createBindGroupLayout({
      entries: bindings.map(({ access }, binding) => ({
        binding,
        visibility: 4, // COMPUTE
        buffer: { type: access === 'write' ? 'storage' : 'read-only-storage' },
      })),
    });
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: this.#device.createShaderModule({ code }), entryPoint: 'main' },
      });
      return { pipeline, layout };
    } catch (cause) {
      const got = cause instanceof Error ? cause.message : String(cause);
      throw new LacunaError(
        {
          where: `webgpu: ${label}`,
          what: 'the device does not compile a kernel',
          got: got.slice(0, 2000),
          fix: 'This is a defect of Lacuna or of the driver: please report it with the kernel.',
        },
        { cause },
      );
    }
  }
}
