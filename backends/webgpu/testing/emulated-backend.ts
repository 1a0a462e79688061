import type { Precision } from '../../../core/backend.js';
import { WebgpuBackend } from '../backend.js';
import { openSwiftShader } from '../device/dawn.js';
import { Runtime } from '../device/runtime.js';
import type { Tiling } from '../lowering/kernels/tiling.js';
import { type EmulatedUnits, emulatedUnits } from './emulated-units.js';
import { SMALL } from './small-tiles.js';

/** The backend on SwiftShader, which seems to have matrix units. @param tiling @defaultValue a GPU's tiles in small */
export async function openEmulated(
  units: EmulatedUnits,
  precision: Precision = 'f32',
  tiling: Tiling = SMALL,
): Promise<WebgpuBackend> {
  const { gpu, version } = await openSwiftShader();
  const runtime = await Runtime.open(emulatedUnits(gpu, units), { precision });
  return new WebgpuBackend(runtime, version, { tiling });
}

/** Units as adapters have them: f16 and f32, of one size of subgroups and of sizes from a range, of which a kernel gets any. */
export const UNITS: Readonly<Record<'f16' | 'f32', EmulatedUnits>> = {
  /** As of lavapipe. */
  f16: {
    subgroups: { most: 8, own: 8 },
    units: [{ M: 8, N: 8, K: 8, component: 'f16' }],
  },
  /** As of Apple: none of f16 has sums in f32. */
  f32: {
    subgroups: { most: 64, own: 32 },
    units: [
      { M: 8, N: 8, K: 8, component: 'f16', result: 'f16' },
      { M: 8, N: 8, K: 8, component: 'f32' },
    ],
  },
};

/** By small units of f16 in mixed precision, else of f32, in subgroups half as large as they could be: four to a workgroup, of four matrices. */
export function openRanged(precision: Precision): Promise<WebgpuBackend> {
  const component = precision === 'mixed' ? 'f16' : 'f32';
  const units: EmulatedUnits = {
    subgroups: { most: 8, own: 4 },
    units: [{ M: 4, N: 4, K: 4, component }],
  };
  const tiles = { subgroups: [2, 2], matrices: [2, 2], depth: 8 } as const;
  return openEmulated(units, precision, { ...SMALL, units: tiles });
}
