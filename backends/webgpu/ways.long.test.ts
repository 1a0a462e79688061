import fc from 'fast-check';
import { CHECKS, type Check } from '../../conformance/index.js';
import { SIZED_FAMILIES } from '../../conformance/real-size/index.js';
import { sizedCheck } from '../../conformance/real-size/sized-family.js';
import { testBackend } from '../../conformance/vitest.js';
import type { Program } from '../../spec/index.js';
import { openWebgpu, type WaysOfLowering, WEBGPU, type WebgpuBackend } from './index.js';
import type { LoweringOptions } from './lowering/lower.js';
import { OTHER_WAYS } from './testing/other-ways.js';
import { lowersAlike } from './testing/same-kernels.js';

/** Of each family: `conformance.test.ts` has the usual number, of the way in use. */
const CASES = 10;

/** All checks that are new in each way, with 10 cases of each family: before a release. */
const WHOLE = process.env.LACUNA_WAYS === 'all';

const { apart, gpu, small, alone } = OTHER_WAYS;
const WAYS = [
  { ...apart, checks: /^(law|primitive|composite|program)\// },
  { ...gpu, checks: /^(primitive\/|real\/(matmul|reduce_sum|softmax)$)/ },
  { ...small, checks: /^(law|primitive|composite|program)\// },
  { ...alone, checks: /^(law\/donation\/.*|primitive\/matmul|gradient\/block)$/ },
];

const probe = await WEBGPU.probe({ device: 'swiftshader' });
const missing = probe.available ? undefined : probe.reason;
const open = (options: WaysOfLowering): Promise<WebgpuBackend> =>
  openWebgpu({ device: 'swiftshader', ...options });

/** The options with which a backend lowers programs. */
async function loweringOf(options: WaysOfLowering): Promise<LoweringOptions> {
  const backend = await open(options);
  const { limits, subgroups, factors, matrixUnit } = backend.runtime;
  const { tiling } = backend;
  await backend.dispose();
  return { limits, subgroups, factors, matrixUnit, tiling, fuse: options.fuse ?? true, donate: {} };
}

/**
 * Of products at real sizes, which take SwiftShader seconds each in a GPU's tiles, those of integers: they must come out
 * exactly, so that a term that is missing, counted twice or taken from elsewhere shows.
 */
function shortened(check: Check): Check {
  const own = SIZED_FAMILIES.find(({ family }) => family.id === check.id);
  if (WHOLE || check.id !== 'real/matmul' || own === undefined) return check;
  const gate = own.gate.filter(({ data }) => data === 'integers');
  return sizedCheck({ ...own, gate, real: [] }, false);
}

/** The programs of a check's cases; of a check that is more than cases, or has functions, none. */
function programsOf({ family }: Check): readonly Program[] | undefined {
  if (family === undefined) return undefined;
  const drawn = fc.sample(family.parameters, { seed: 1, numRuns: CASES });
  const programs = drawn.flatMap((parameters) => family.make(parameters).program ?? []);
  return programs.length === drawn.length ? programs : undefined;
}

// Functions, relations, objectives and steps are programs as all others: conformance.test.ts has them, but for the gradients of the
// deep step. It has also shown what kernels do that are the same in another way.
const inUse = missing === undefined ? await loweringOf({}) : undefined;
for (const { name, options, checks } of WAYS) {
  const other = inUse && (await loweringOf(options));
  const isNew = (check: Check): boolean => {
    const programs = programsOf(check);
    const isKnown = inUse !== undefined && other !== undefined && programs !== undefined;
    return !isKnown || !lowersAlike(programs, [inUse, other]);
  };
  testBackend(`webgpu, ${name}`, () => open(options), {
    missing,
    cases: CASES,
    checks: CHECKS.filter((check) => (WHOLE || checks.test(check.id)) && isNew(check)).map(
      shortened,
    ),
  });
}
