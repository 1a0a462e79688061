/// <reference types="@webgpu/types" />
import type {
  Backend,
  BackendInfo,
  CompileOptions,
  DeviceTensor,
  HostTensor,
} from '../../core/backend.js';
import { checkedDonations, requireFilled } from '../../core/check-run.js';
import { LiveTensors } from '../../core/held-tensor.js';
import { declarations } from '../../core/passes/rewrite.js';
import { LacunaError } from '../../spec/errors.js';
import { elementCount, type Program, type TensorType } from '../../spec/program/index.js';
import type { Runtime } from './device/runtime.js';
import { WebgpuExecutable } from './executable.js';
import { partBytes, type SourceContext } from './lowering/kernel-source.js';
import type { ProductTiling, Tiling } from './lowering/kernels/tiling.js';
import { HARDWARE, SOFTWARE } from './lowering/kernels/tiling.js';
import { lower } from './lowering/lower.js';
import { wgslType } from './lowering/wgsl.js';
import { MEMORY_HABITS } from './memory/memory-plan.js';
import { fromWords, toWords, type WebgpuTensor } from './tensor.js';
import { tilingText } from './tuning/candidates.js';

export interface WebgpuOptions {
  /** Whether operations share kernels. @defaultValue true */
  readonly fuse?: boolean;
  /** @defaultValue what suits the adapter */
  readonly tiling?: Tiling;
  /** The matrix products' tiling as it was measured on this adapter: see `searchTilings`. */
  readonly measured?: ProductTiling;
}

/** Executes programs with kernels in WGSL, on any implementation of WebGPU. */
export class WebgpuBackend implements Backend {
  readonly info: BackendInfo;
  readonly #runtime: Runtime;
  readonly #live: LiveTensors<readonly GPUBuffer[]>;
  readonly #executables = new Set<WebgpuExecutable>();
  readonly #fuse: boolean;
  readonly #tiling: Tiling;

  constructor(runtime: Runtime, version: string, options: WebgpuOptions = {}) {
    this.#runtime = runtime;
    this.#live = new LiveTensors('webgpu', (buffers) => {
      for (const buffer of buffers) runtime.buffers.give(buffer);
    });
    this.#fuse = options.fuse ?? true;
    const mixed = runtime.factors !== 'f32';
    const usual = runtime.isSoftware ? SOFTWARE : HARDWARE;
    const { tiling, measured } = options;
    this.#tiling = tiling ?? (measured === undefined ? usual : { ...usual, product: measured });
    const tellsProducts = mixed || runtime.matrixUnit !== undefined;
    // Another tiling adds up in another order: what a run's manifest records must tell.
    const tuned = tiling === undefined && measured !== undefined ? `, ${tilingText(measured)}` : '';
    this.info = {
      name: 'webgpu',
      version,
      device: `${runtime.description}${tuned}${tellsProducts ? `, products ${runtime.productsInWords}` : ''}`,
      contract: mixed ? 'f16-products-wgsl' : 'f32-wgsl',
      deterministic: true,
      residency: 'resident',
      emulated: runtime.isSoftware,
      claims: ['attention', 'attention_grad'],
      memory: MEMORY_HABITS,
    };
  }

  /** How it cuts up its work. */
  get tiling(): Tiling {
    return this.#tiling;
  }

  /** What all programs on the device share. */
  get runtime(): Runtime {
    return this.#runtime;
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  /** Programs that were compiled and not disposed of: a leak check for tests. */
  get liveExecutables(): number {
    return this.#executables.size;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<WebgpuExecutable> {
    const start = performance.now();
    const runtime = this.#runtime;
    runtime.check();
    for (const { name, dtype } of declarations(program).values()) wgslType(dtype, name);
    const donate = checkedDonations(program, options.donate);
    const { limits, subgroups } = runtime;
    const lowered = lower(program, {
      limits,
      tiling: this.#tiling,
      fuse: this.#fuse,
      factors: runtime.factors,
      matrixUnit: runtime.matrixUnit,
      subgroups,
      donate,
    });
    const pipelines = await runtime.pipelines.all(lowered.kernels);
    const executable = new WebgpuExecutable({
      runtime,
      program,
      lowered,
      pipelines,
      donate,
      live: this.#live,
      compileSeconds: (performance.now() - start) / 1000,
      ended: (own) => this.#executables.delete(own),
    });
    this.#executables.add(executable);
    return executable;
  }

  async upload(tensor: HostTensor): Promise<WebgpuTensor> {
    const { dtype, shape } = tensor;
    wgslType(dtype, 'an upload');
    requireFilled(tensor, 'webgpu');
    const runtime = this.#runtime;
    runtime.check();
    const words = toWords(tensor);
    let start = 0;
    const buffers = this.#partBytes(tensor).map((bytes) => {
      const buffer = runtime.buffers.take(bytes);
      const part = words.subarray(start, start + bytes);
      if (part.byteLength > 0)
        runtime.device.queue.writeBuffer(buffer, 0, part as GPUAllowSharedBufferSource);
      start += bytes;
      return buffer;
    });
    return this.#live.keep({ dtype, shape }, buffers);
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const own = this.#live.own(tensor);
    const runtime = this.#runtime;
    const sizes = this.#partBytes(own);
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const words = new Uint8Array(total);
    const reading = sizes.map((bytes, part) =>
      runtime.readBack.read(own.memory[part] as GPUBuffer, bytes),
    );
    try {
      let start = 0;
      for (const part of await Promise.all(reading)) {
        words.set(part, start);
        start += part.byteLength;
      }
    } catch (cause) {
      await runtime.lossTold();
      runtime.check();
      throw new LacunaError(
        { where: 'webgpu', what: 'a tensor cannot be read back', got: String(cause) },
        { cause },
      );
    }
    runtime.check();
    return fromWords(own, words.buffer);
  }

  release(tensor: DeviceTensor): void {
    this.#live.own(tensor).end('released');
  }

  async dispose(): Promise<void> {
    this.#live.releaseAll();
    for (const executable of this.#executables) await executable.dispose();
    this.#executables.clear();
    await this.#runtime.dispose();
  }

  #partBytes({ dtype, shape }: TensorType): readonly number[] {
    const context: SourceContext = {
      limits: this.#runtime.limits,
      type: () => ({ dtype }),
      count: () => elementCount(shape),
      home: (name) => name,
    };
    return partBytes(context, 'a tensor');
  }
}
