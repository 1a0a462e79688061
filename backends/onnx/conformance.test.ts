import { CHECKS, DOUBLE_CHECKS, type KnownFailure } from '../../conformance/index.js';
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

// Three ways: the lowering itself (float64, nothing rewritten, whole training steps too), float32 as
// lowered, float32 as shipped.
const plain = (): Promise<OnnxBackend> => OnnxBackend.open({ optimization: 'disabled' });
testBackend('onnx in float64 without optimisation', plain, {
  double: true,
  checks: DOUBLE_CHECKS,
});
// Sizes are a matter of kernels, which the way in use has.
const small = CHECKS.filter(({ id }) => !id.startsWith('real/'));
testBackend('onnx without optimisation', plain, { known, checks: small });
testBackend('onnx', () => ONNX.open(), { known });
