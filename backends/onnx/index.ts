import type { BackendFactory } from '../../core/backend.js';
import { backendOption } from '../../core/backend-option.js';
import { OnnxBackend } from './backend.js';
import { type OnnxOptions, PROVIDERS, type Provider } from './options.js';
import { probeProvider } from './session/probe.js';

export { OnnxBackend } from './backend.js';
export type { LoweringOptions } from './lowering/lowering.js';
export { type OnnxOptions, PROVIDERS, type Provider } from './options.js';
export {
  type BatchedOnnxOptions,
  type SaveOnnxOptions,
  saveBatchedOnnx,
  saveOnnx,
} from './save-onnx.js';

/** ONNX Runtime: `cpu` (the embedded default), `cuda`, `webgpu`. */
export const ONNX: BackendFactory = {
  name: 'onnx',
  devices: PROVIDERS,
  probe: async (options = {}) => probeProvider(checkedProvider(options), options.threads),
  open: async (options = {}) => {
    checkedProvider(options);
    return OnnxBackend.open(options);
  },
};

function checkedProvider({ device, precision }: OnnxOptions): Provider {
  backendOption('onnx', 'precision', ['f32'], precision);
  return backendOption('onnx', 'device', PROVIDERS, device);
}
