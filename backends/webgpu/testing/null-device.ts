/// <reference types="@webgpu/types" />
import { createRequire } from 'node:module';
import { SUBGROUP_MATRIX } from '../device/runtime.js';

/**
 * Dawn's device of no GPU: it has every feature and runs nothing, but it reads and validates the text of a kernel as that of any
 * other device. Limits of a device are not asked: its own are the least.
 */
export interface NullDevice {
  /** What Dawn has against the text of a kernel, errors and warnings. */
  readonly refusals: (code: string) => Promise<readonly string[]>;
  readonly destroy: () => void;
}

/** @throws Error where the package `webgpu` is not installed. */
export async function openNullDevice(): Promise<NullDevice> {
  const { create } = createRequire(import.meta.url)('webgpu') as {
    readonly create: (flags: readonly string[]) => GPU;
  };
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('Dawn has no null device');
  const requiredFeatures = ['shader-f16' as const, 'subgroups' as const, SUBGROUP_MATRIX];
  const device = await adapter.requestDevice({ requiredFeatures });
  // Dawn does not outlive what `create` gave, whoever still holds a device of it.
  const alive = { gpu, adapter, device };
  return {
    refusals: async (code) => {
      alive.device.pushErrorScope('validation');
      const { messages } = await alive.device.createShaderModule({ code }).getCompilationInfo();
      await alive.device.popErrorScope();
      return messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
    },
    destroy: () => alive.device.destroy(),
  };
}
