/// <reference types="@webgpu/types" />
import type { Precision } from '../../../core/backend.js';
import { LacunaError } from '../../../spec/errors.js';
import type { KernelLimits } from '../lowering/kernel.js';
import type { Factors } from '../lowering/kernels/factors.js';
import { type MatrixUnit, matrixUnitOf } from '../lowering/kernels/matrix-unit.js';
import { BufferPool } from './buffers.js';
import { Pacer } from './pacer.js';
import { PipelineCache } from './pipelines.js';
import { ReadBack } from './read-back.js';

export interface RuntimeOptions {
  /** Keep to the limits that every implementation grants, whatever the adapter has more. */
  readonly defaultLimits?: boolean;
  /** Whether kernels may use subgroup operations, where the adapter has them. */
  readonly subgroups?: boolean;
  /** In mixed precision alone f16 is asked for. @defaultValue `f32` */
  readonly precision?: Precision;
  /** Whether subgroups may multiply whole matrices, where the adapter has units for it. @defaultValue true */
  readonly matrixUnits?: boolean;
  /** Bytes of one binding, where they are to be fewer than the device allows. */
  readonly bindingBytes?: number;
}

/** Dawn has it where it may use what is not standard yet: see `openDawn`. */
export const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;

/** After a failure, so long is waited for the word that the device was lost. */
const LOSS_MS = 100;

/** A device with what all programs on it share. */
export class Runtime {
  readonly device: GPUDevice;
  /** What the device is of; it may have more than the device was asked for. */
  readonly adapter: GPUAdapter;
  /** The adapter in words. */
  readonly description: string;
  readonly isSoftware: boolean;
  readonly limits: KernelLimits;
  readonly subgroups: boolean;
  /** How products hold their operands. */
  readonly factors: Factors;
  /** What multiplies matrices, where the device has such for these factors. */
  readonly matrixUnit: MatrixUnit | undefined;
  readonly buffers: BufferPool;
  readonly pipelines: PipelineCache;
  readonly pacer: Pacer;
  readonly readBack: ReadBack;
  /** Held, since Dawn answers nothing more once it was collected. */
  readonly #gpu: GPU;
  #failure: LacunaError | undefined;
  #isClosing = false;

  private constructor(
    gpu: GPU,
    device: GPUDevice,
    adapter: GPUAdapter,
    options: RuntimeOptions,
    unit: MatrixUnit | undefined,
  ) {
    this.#gpu = gpu;
    this.device = device;
    this.adapter = adapter;
    const { vendor, architecture, description } = adapter.info;
    // Browsers keep the description to themselves.
    const name = description === '' ? `${vendor} ${architecture}`.trim() : description;
    this.description = name === '' ? 'an adapter without a name' : name;
    this.isSoftware = architecture === 'swiftshader' || /llvmpipe|swiftshader/i.test(description);
    this.limits = kernelLimits(device.limits, options.bindingBytes);
    this.subgroups = device.features.has('subgroups');
    this.matrixUnit = unit;
    // Units of f32 read tiles of f32.
    const isHalf = device.features.has('shader-f16') && unit?.component !== 'f32';
    const held = isHalf ? 'f16' : 'quantized';
    this.factors = options.precision === 'mixed' ? held : 'f32';
    this.buffers = new BufferPool(device);
    this.pipelines = new PipelineCache(device);
    this.pacer = new Pacer(device.queue);
    this.readBack = new ReadBack(device);
    device.addEventListener('uncapturederror', (event) => {
      this.#failure ??= new LacunaError({
        where: 'webgpu',
        what: 'the device refused a command',
        got: event.error.message.slice(0, 1000),
      });
    });
    void device.lost.then(({ message }) => {
      if (this.#isClosing) return;
      this.#failure = new LacunaError({
        where: 'webgpu',
        what: 'the device was lost',
        got: message,
        fix: 'All that was on it is gone. Go on from the last checkpoint (on the command line: lacuna pretrain --resume).',
      });
    });
  }

  /** @throws LacunaError where there is no adapter. */
  static async open(gpu: GPU, options: RuntimeOptions = {}): Promise<Runtime> {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (adapter === null) {
      throw new LacunaError({ where: 'webgpu', what: 'there is no adapter' });
    }
    const { defaultLimits = false, subgroups = true, matrixUnits = true } = options;
    const f16 = options.precision === 'mixed' && adapter.features.has('shader-f16');
    const mayUnits = matrixUnits && subgroups && adapter.features.has(SUBGROUP_MATRIX);
    const unit = mayUnits ? matrixUnitOf(adapter.info, f16 ? ['f16', 'f32'] : ['f32']) : undefined;
    const wanted = [
      ...(subgroups ? ['subgroups' as const] : []),
      ...(f16 ? ['shader-f16' as const] : []),
      ...(unit === undefined ? [] : [SUBGROUP_MATRIX]),
      'timestamp-query' as const,
    ].filter((feature) => adapter.features.has(feature));
    let device: GPUDevice;
    try {
      device = await adapter.requestDevice({
        requiredFeatures: wanted,
        requiredLimits: defaultLimits ? {} : highest(adapter.limits),
      });
    } catch (cause) {
      // What is not standard yet a driver may only seem to have; an adapter gives one device, or none.
      if (unit !== undefined) return Runtime.open(gpu, { ...options, matrixUnits: false });
      throw new LacunaError(
        { where: 'webgpu', what: 'the adapter gives no device', got: String(cause).slice(0, 1000) },
        { cause },
      );
    }
    return new Runtime(gpu, device, adapter, options, unit);
  }

  /** How products are multiplied: each way adds up in another order. */
  get productsInWords(): string {
    const factors = this.factors === 'quantized' ? 'f32 rounded to f16' : this.factors;
    if (this.matrixUnit === undefined) return `of ${factors}`;
    const { rows, columns, depth } = this.matrixUnit;
    return `of ${factors}, by units of ${rows}x${columns}x${depth}`;
  }

  /** @throws LacunaError where the device was lost or refused something. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits until a loss is told, a tenth of a second at most: what was asked of the device fails a moment before. */
  async lossTold(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moment = new Promise((resolve) => {
      timer = setTimeout(resolve, LOSS_MS);
    });
    await Promise.race([this.device.lost, moment]);
    clearTimeout(timer);
  }

  async dispose(): Promise<void> {
    this.#isClosing = true;
    await this.pacer.idle().catch(() => {});
    this.device.destroy();
    void this.#gpu;
  }
}

/** Limits of a device, or of an adapter, as far as kernels depend on them. @param most Bytes of one binding, at most. */
export function kernelLimits(
  limits: GPUSupportedLimits,
  most: number = Number.POSITIVE_INFINITY,
): KernelLimits {
  return {
    storageBuffers: limits.maxStorageBuffersPerShaderStage,
    bindingBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, most),
    workgroups: limits.maxComputeWorkgroupsPerDimension,
    invocations: limits.maxComputeInvocationsPerWorkgroup,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
  };
}

/** What kernels can make use of, as high as the adapter has it. */
function highest(limits: GPUSupportedLimits): Record<string, number> {
  const names = [
    'maxStorageBuffersPerShaderStage',
    'maxStorageBufferBindingSize',
    'maxBufferSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
    'maxComputeWorkgroupStorageSize',
  ] as const;
  return Object.fromEntries(names.map((name) => [name, limits[name]]));
}
