import { CHECKS, type KnownFailure } from '../../conformance/index.js';
import { testBackend } from '../../conformance/vitest.js';
import { DEVICES, TFJS } from './index.js';

/** Five terms of a series in plain JavaScript. */
const ERF: readonly KnownFailure[] = ['primitive/erf', 'program/random'].map((check) => ({
  check,
  kind: 'known-failing',
  reason: 'its erf has five terms of a series, wrong by up to 1.5e-7',
  until: '2027-12-31',
}));

// `cpu` is TensorFlow itself, through the binding that `cuda` has too; `wasm` and `js` check that
// the adapter calls the right operations: real sizes are for the first.
const small = CHECKS.filter(({ id }) => !id.startsWith('real/'));
for (const device of DEVICES) {
  const probe = await TFJS.probe({ device });
  const missing = probe.available ? undefined : probe.reason;
  if (device === 'cuda' && missing !== undefined) continue; // said in README.md, "Not run here"
  testBackend(device === 'cpu' ? 'tfjs' : `tfjs-${device}`, () => TFJS.open({ device }), {
    missing,
    known: device === 'js' ? ERF : [],
    checks: device === 'wasm' || device === 'js' ? small : CHECKS,
  });
}
