import { CHECKS } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { openWebgpu, WEBGPU } from './index.js';
import { OTHER_WAYS } from './testing/other-ways.js';

const { gpu, small } = OTHER_WAYS;

/**
 * Of the kernels that GPUs have and SwiftShader has not, a few cases of each kind: products in tiles, sums and rows that lanes
 * share with subgroups and without, attention in tiles of scores. `ways.long.test.ts` has the rest.
 */
const KINDS = [
  { ...gpu, checks: /^(primitive\/(matmul|reduce_sum|reduce_max)|composite\/softmax\/call)$/ },
  {
    ...small,
    checks:
      /^(primitive\/(matmul|reduce_sum|reduce_max)|composite\/(softmax|attention(_grad)?)\/call)$/,
  },
];
const CASES = 3;

const probe = await WEBGPU.probe({ device: 'swiftshader' });
for (const { name, options, checks } of KINDS) {
  testBackend(`webgpu, ${name}`, () => openWebgpu({ device: 'swiftshader', ...options }), {
    missing: probe.available ? undefined : probe.reason,
    cases: CASES,
    checks: CHECKS.filter(({ id }) => checks.test(id)),
  });
}
