import { CHECKS, type KnownFailure } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { DEVICES, TFJS } from './index.js';

/** Where the libraries behind `wasm` and `js` are wrong themselves, by check. */
const KNOWN: Readonly<Partial<Record<string, Readonly<Record<string, string>>>>> = {
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

function knownOf(device: string): readonly KnownFailure[] {
  return Object.entries(KNOWN[device] ?? {}).map(([check, reason]) => ({
    check,
    // Few programs drawn at random have it.
    kind: check === 'program/random' ? 'known-flaky' : 'known-failing',
    reason,
    until: '2027-12-31',
  }));
}

// `cpu` is TensorFlow itself, through the binding that `cuda` has too; `wasm` and `js` check that
// the adapter calls the right operations: real sizes, whole steps and the usual number of cases are for
// the first.
const small = CHECKS.filter(({ id }) => !/^(real|objective|step|trajectory|relation)\//.test(id));
const CASES = 6;
for (const device of DEVICES) {
  const probe = await TFJS.probe({ device });
  const missing = probe.available ? undefined : probe.reason;
  if (device === 'cuda' && missing !== undefined) continue; // said in README.md, "Not run here"
  testBackend(device === 'cpu' ? 'tfjs' : `tfjs-${device}`, () => TFJS.open({ device }), {
    missing,
    known: knownOf(device),
    ...(device === 'wasm' || device === 'js' ? { checks: small, cases: CASES } : {}),
  });
}
