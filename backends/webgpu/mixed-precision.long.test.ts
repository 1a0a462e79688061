import { expect } from 'vitest';
import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { WebgpuBackend } from './backend.js';
import { openSwiftShader } from './device/dawn.js';
import { Runtime } from './device/runtime.js';
import { openWebgpu, SOFTWARE, type Tiling, WEBGPU } from './index.js';
import { type MixedWay, testFactors } from './testing/mixed-factors.js';
import { SMALL } from './testing/small-tiles.js';

/** A Vulkan driver with shader-f16 and matrix units, which SwiftShader has not: scripts/mesa.sh. */
const DRIVER = process.env.LACUNA_LAVAPIPE;

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const noSwiftShader = probe.available ? undefined : probe.reason;
const onSwiftShader = (tiling: Tiling) => (): Promise<WebgpuBackend> =>
  openWebgpu({ device: 'swiftshader', precision: 'mixed', tiling });

// What products enter: all else is as in f32. `mixed-precision.test.ts` has the products, with 30 cases as here.
const entered =
  /^(composite\/attention_grad\/expanded|objective\/info|step\/joint|trajectory\/mae)/;
testBackend('webgpu in mixed precision', onSwiftShader(SOFTWARE), {
  missing: noSwiftShader,
  cases: 30,
  checks: CHECKS.filter(({ id }) => entered.test(id)),
});

const WAYS: readonly MixedWay[] = [
  {
    name: "webgpu in mixed precision, a GPU's tiles in small",
    missing: noSwiftShader,
    open: onSwiftShader(SMALL),
  },
  ...[false, true].map(
    (byUnits): MixedWay => ({
      name: `webgpu in mixed precision, f16 ${byUnits ? 'by matrix units' : "in a GPU's tiles"}`,
      missing:
        DRIVER === undefined ? 'LACUNA_LAVAPIPE names no driver with shader-f16' : noSwiftShader,
      byUnits,
      open: async () => {
        const { gpu, version } = await openSwiftShader(DRIVER);
        const runtime = await Runtime.open(gpu, { precision: 'mixed', matrixUnits: byUnits });
        expect(runtime.factors).toBe('f16');
        return new WebgpuBackend(runtime, version, { tiling: SMALL });
      },
    }),
  ),
];

for (const way of WAYS) {
  const { name, missing, open } = way;
  const checks = CHECKS.filter(({ id }) => id.startsWith('primitive/matmul'));
  // Each of their kernels is compiled for long.
  testBackend(name, open, { missing, checks, cases: 10 });
  testFactors(way);
}
