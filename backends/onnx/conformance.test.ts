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
// lowered, float32 as shipped. The last has the usual number of cases, sizes and whole steps: the others
// tell where a fault lies, and are proven whole by `lacuna conform --double` and `prove-suite.ts`.
const CASES = 10;
const plain = (): Promise<OnnxBackend> => OnnxBackend.open({ optimization: 'disabled' });
testBackend('onnx in float64 without optimisation', plain, {
  double: true,
  cases: CASES,
  checks: DOUBLE_CHECKS,
});
const small = CHECKS.filter(({ id }) => !/^(real|objective|step|trajectory|relation)\//.test(id));
testBackend('onnx without optimisation', plain, { known, checks: small, cases: CASES });
testBackend('onnx', () => ONNX.open(), { known });
