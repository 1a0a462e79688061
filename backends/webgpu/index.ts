import type { BackendFactory, BackendOptions, Precision } from '../../core/backend.js';
import { backendOption } from '../../core/backend-option.js';
import { LacunaError } from '../../spec/errors.js';
import { WebgpuBackend, type WebgpuOptions } from './backend.js';
import { type Dawn, openDawn, openSwiftShader } from './device/dawn.js';
import type { RuntimeOptions } from './device/runtime.js';
import { openRuntime } from './open-runtime.js';
import { readTiling } from './tuning/tiling-file.js';

export { WebgpuBackend, type WebgpuOptions } from './backend.js';
export { Runtime, type RuntimeOptions } from './device/runtime.js';
export { HARDWARE, SOFTWARE, type Tiling } from './lowering/kernels/tiling.js';
export { openRuntime } from './open-runtime.js';
export { tilingText } from './tuning/candidates.js';
export type { Timed } from './tuning/compare-tilings.js';
export { searchTilings } from './tuning/search.js';
export { tilingFile, writeTiling } from './tuning/tiling-file.js';

/**
 * `auto` is the GPU, and where there is none SwiftShader, a GPU in software; `gpu-lanes` is a GPU whose matrix units are left
 * alone, should a driver's be wrong or slow.
 */
export const DEVICES = ['auto', 'gpu', 'gpu-lanes', 'swiftshader'] as const;
export type WebgpuDevice = (typeof DEVICES)[number];
const PRECISIONS = ['f32', 'mixed'] as const satisfies readonly Precision[];

/** Kernels in WGSL on Dawn: any GPU with Vulkan, Metal or D3D12. */
export const WEBGPU: BackendFactory = {
  name: 'webgpu',
  devices: DEVICES,
  probe: async (options = {}) => {
    checkedDevice(options);
    try {
      const backend = await openWebgpu(options);
      const { device, emulated = false } = backend.info;
      await backend.dispose();
      return { available: true, device, emulated };
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      return { available: false, reason: error.message };
    }
  },
  open: (options = {}) => openWebgpu(options),
};

/** What may be chosen of how programs become kernels. */
export type WaysOfLowering = WebgpuOptions & RuntimeOptions;

/** Opens the backend in Node. @throws LacunaError where nothing can run. */
export async function openWebgpu(
  options: BackendOptions & WaysOfLowering = {},
): Promise<WebgpuBackend> {
  const device = checkedDevice(options);
  const wanted = device === 'auto' ? (['gpu', 'swiftshader'] as const) : [device];
  let first: unknown;
  for (const name of wanted) {
    try {
      const matrixUnits = options.matrixUnits !== false && name !== 'gpu-lanes';
      const { gpu, version } = await (name === 'swiftshader'
        ? openSwiftShader()
        : gpuDawn(matrixUnits && options.subgroups !== false));
      const runtime = await openRuntime(gpu, { ...options, matrixUnits });
      const measured = await readTiling(runtime);
      return new WebgpuBackend(runtime, version, {
        ...(measured === undefined ? {} : { measured }),
        ...options,
      });
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      first ??= error;
    }
  }
  throw first;
}

async function gpuDawn(experiments: boolean): Promise<Dawn> {
  const dawn = await openDawn(experiments);
  const adapter = await dawn.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter !== null) return dawn;
  throw new LacunaError({
    where: 'webgpu',
    what: 'Dawn finds no GPU that it can use',
    fix: "Install the GPU's Vulkan driver, or take the device swiftshader, which computes in software.",
  });
}

/**
 * The device that is wanted.
 * @throws LacunaError for a device or a precision that there is not: that is no absence.
 */
function checkedDevice({ device, precision }: BackendOptions): WebgpuDevice {
  backendOption('webgpu', 'precision', PRECISIONS, precision);
  return backendOption('webgpu', 'device', DEVICES, device);
}
