import { CHECKS, type KnownFailure } from '../../conformance/index.js';
import { TESTED_LONG } from '../../conformance/test-cases.js';
import { testBackend } from '../../conformance/vitest.js';
import { TFJS } from './index.js';

/** Where the libraries behind `wasm` and `js` are wrong themselves, by check. */
const KNOWN = {
  wasm: {
    'primitive/max/non-finite': 'its maximum drops a NaN on the right',
    'primitive/min/non-finite': 'its minimum drops a NaN on the right',
  },
  js: {
    'primitive/erf': 'its erf has five terms of a series, wrong by up to 1.5e-7',
    'primitive/erf/non-finite': 'its erf has five terms of a series: 1e-9 near 0',
    'program/random': 'its erf has five terms of a series, wrong by up to 1.5e-7',
  },
};

function knownOf(device: keyof typeof KNOWN): readonly KnownFailure[] {
  return Object.entries(KNOWN[device]).map(([check, reason]) => ({
    check,
    // Few programs drawn at random have it.
    kind: check === 'program/random' ? 'known-flaky' : 'known-failing',
    reason,
    until: '2027-12-31',
  }));
}

// `wasm` and `js` check that the adapter calls the right operations: real sizes, whole steps and the usual number of cases
// are for `cpu`, TensorFlow itself.
const small = CHECKS.filter(({ id }) => !/^(real|objective|step|trajectory|relation)\//.test(id));
const CASES = 6;
for (const device of ['wasm', 'js'] as const) {
  const probe = await TFJS.probe({ device });
  testBackend(`tfjs-${device}`, () => TFJS.open({ device }), {
    missing: probe.available ? undefined : probe.reason,
    known: knownOf(device),
    checks: small,
    cases: CASES,
  });
}

for (const device of ['cpu', 'cuda'] as const) {
  const probe = await TFJS.probe({ device });
  const missing = probe.available ? undefined : probe.reason;
  if (device === 'cuda' && missing !== undefined) continue; // as in `conformance.test.ts`
  testBackend(device === 'cpu' ? 'tfjs' : `tfjs-${device}`, () => TFJS.open({ device }), {
    missing,
    checks: TESTED_LONG,
  });
}
