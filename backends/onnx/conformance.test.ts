import { testBackend } from '../../conformance/vitest.js';
import { ONNX, OnnxBackend } from './index.js';

// Three ways: the lowering itself (float64, nothing rewritten), float32 as lowered, float32 as shipped.
testBackend(
  'onnx in float64 without optimisation',
  () => OnnxBackend.open({ optimization: 'disabled' }),
  {
    double: true,
  },
);
testBackend('onnx without optimisation', () => OnnxBackend.open({ optimization: 'disabled' }));
testBackend('onnx', () => ONNX.open());
