import { CHECKS, DOUBLE_CHECKS, type KnownFailure } from '../../conformance/index.js';
import { TESTED_EMBEDDED } from '../../conformance/test-cases.js';
import { testBackend } from '../../conformance/vitest.js';
import { ONNX, OnnxBackend } from './index.js';

const known: readonly KnownFailure[] = [
  {
    check: 'primitive/tanh/subnormal',
    kind: 'known-failing',
    reason: 'its approximation is wrong by some percent below 2^-126',
    until: '2027-12-31',
  },
];

// Two ways: the lowering itself (float64, nothing rewritten, whole training steps too; what holds buffers is the
// same code in both), and float32 with the usual number of cases: as shipped but for threads that wait, see below.
const plain = (): Promise<OnnxBackend> =>
  OnnxBackend.open({ optimization: 'disabled', threads: 1 });
testBackend('onnx in float64 without optimisation', plain, {
  double: true,
  cases: 6,
  checks: DOUBLE_CHECKS.filter(({ id }) => !id.startsWith('law/')),
});
// Threads that wait leave the cores to the other worker of the tests (`spinning: false`, not the default), but where
// threads may meet: those that begin at once, as shipped, meet more often. `lacuna conform` runs all checks as shipped.
const meeting = /^real\/(collisions|determinism|donation|residency)$/;
testBackend('onnx', () => OnnxBackend.open({ spinning: false }), {
  known,
  checks: TESTED_EMBEDDED.filter(({ id }) => !meeting.test(id)),
});
testBackend('onnx, its threads at once', () => ONNX.open(), {
  checks: CHECKS.filter(({ id }) => meeting.test(id)),
});
