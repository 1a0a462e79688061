/// <reference types="@webgpu/types" />
import { SUBGROUP_MATRIX } from '../device/runtime.js';
import type { AdapterUnits } from '../lowering/kernels/matrix-unit.js';
import { type Emulated, plainWgsl } from './plain-wgsl.js';

/** Units that an adapter is to seem to have, and the lanes that its subgroups really have. */
export interface EmulatedUnits {
  /** Of its subgroups: what the adapter tells, and what kernels are run with. */
  readonly subgroups: { readonly most: number; readonly own: number };
  readonly units: readonly EmulatedUnit[];
  /** Whether it seems to have `shader-f16`. @defaultValue true */
  readonly f16?: boolean;
  /** See `Emulated`. */
  readonly cutsFactors?: boolean;
  /** Whether a device with matrix units is refused, as by a driver that only seems to have them. @defaultValue false */
  readonly refusesUnits?: boolean;
}

/** A unit that multiplies [M, K] and [K, N] of a component and adds up in `result`. */
export interface EmulatedUnit {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly component: 'f16' | 'f32';
  /** @defaultValue f32 */
  readonly result?: 'f16' | 'f32';
}

const PRETENDED = ['subgroups', 'shader-f16', SUBGROUP_MATRIX];

/**
 * A GPU whose adapters seem to have matrix units: what takes one is written out in plain WGSL where the text of a kernel becomes
 * a shader module, as Dawn defines it (`plain-wgsl.ts`). Nothing else differs from the GPU itself.
 */
export function emulatedUnits(gpu: GPU, emulated: EmulatedUnits): GPU {
  return standIn(gpu, {
    requestAdapter: async (options: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      return adapter && pretending(adapter, emulated);
    },
  });
}

function pretending(adapter: GPUAdapter, emulated: EmulatedUnits): GPUAdapter {
  const { subgroups, units, f16 = true, cutsFactors = false, refusesUnits = false } = emulated;
  const told: AdapterUnits = {
    subgroupMaxSize: subgroups.most,
    subgroupMatrixConfigs: units.map(({ component, result = 'f32', ...sizes }) => ({
      ...sizes,
      componentType: component,
      resultComponentType: result,
    })),
  };
  const pretended = PRETENDED.filter((feature) => f16 || feature !== 'shader-f16');
  const plan: Emulated = {
    subgroups,
    cutsFactors,
    units: units.map(({ result = 'f32', ...unit }) => ({ ...unit, result })),
  };
  return standIn(adapter, {
    info: standIn(adapter.info, told),
    features: new Set<string>([...adapter.features, ...pretended]),
    requestDevice: async ({ requiredFeatures = [], ...rest }: GPUDeviceDescriptor) => {
      const isReal = (feature: GPUFeatureName): boolean => adapter.features.has(feature);
      const wanted = [...requiredFeatures];
      if (refusesUnits && wanted.some((feature) => feature === SUBGROUP_MATRIX)) {
        throw new Error('vkCreateDevice failed with VK_ERROR_INITIALIZATION_FAILED');
      }
      const device = await adapter.requestDevice({
        ...rest,
        requiredFeatures: wanted.filter(isReal),
      });
      return standIn(device, {
        features: new Set<string>(wanted),
        createShaderModule: ({ code, ...other }: GPUShaderModuleDescriptor) =>
          device.createShaderModule({ ...other, code: plainWgsl(code, plan) }),
      });
    },
  });
}

/** An object that answers as another one does, but for some names. */
function standIn<T extends object>(
  real: T,
  own: Readonly<Record<string, unknown>> | AdapterUnits,
): T {
  return new Proxy(real, {
    get: (target, name): unknown => {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
