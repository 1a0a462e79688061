import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { HARDWARE, openWebgpu, type WaysOfLowering, WEBGPU } from './index.js';

/** Other ways to lower a program, each of which some device takes. */
const WAYS: readonly { readonly name: string; readonly options: WaysOfLowering }[] = [
  { name: 'each operation by itself', options: { fuse: false } },
  { name: "a GPU's tiles and subgroups", options: { tiling: HARDWARE, subgroups: true } },
  {
    name: "a GPU's tiles, default limits, no subgroups",
    options: { tiling: HARDWARE, subgroups: false, defaultLimits: true },
  },
];

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const missing = probe.available ? undefined : probe.reason;
// Functions, relations and objectives are programs as all others: conformance.test.ts has them.
const checks = CHECKS.filter(({ id }) => /^(law|primitive|composite|program|step)\//.test(id));

for (const { name, options } of WAYS) {
  testBackend(`webgpu, ${name}`, () => openWebgpu({ device: 'swiftshader', ...options }), {
    missing,
    checks,
  });
}
