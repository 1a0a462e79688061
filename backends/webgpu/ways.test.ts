import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { HARDWARE, openWebgpu, type WaysOfLowering, WEBGPU } from './index.js';
import { SMALL } from './testing/small-tiles.js';

interface Way {
  readonly name: string;
  readonly options: WaysOfLowering;
  readonly checks: RegExp;
}

/** Of each family: `conformance.test.ts` has the usual number, of the way in use. */
const CASES = 10;

/** Other ways to lower a program, each of which some device takes. */
const WAYS: readonly Way[] = [
  {
    name: 'each operation by itself',
    options: { fuse: false },
    checks: /^(law|primitive|composite|program|step\/(mae|joint))\//,
  },
  {
    name: "a GPU's tiles and subgroups",
    options: { tiling: HARDWARE, subgroups: true },
    checks: /^(primitive\/|real\/(matmul|reduce_sum|softmax)$)/,
  },
  {
    name: "a GPU's tiles in small, default limits, no subgroups",
    options: { tiling: SMALL, subgroups: false, defaultLimits: true },
    checks: /^(law|primitive|composite|program|step\/(mae|joint))\//,
  },
];

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const missing = probe.available ? undefined : probe.reason;
// Functions, relations, objectives and other steps are programs as all others: conformance.test.ts has
// them.
for (const { name, options, checks } of WAYS) {
  testBackend(`webgpu, ${name}`, () => openWebgpu({ device: 'swiftshader', ...options }), {
    missing,
    cases: CASES,
    checks: CHECKS.filter(({ id }) => checks.test(id)),
  });
}
