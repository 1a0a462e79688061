import type { BackendFactory } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';
import { OnnxBackend } from './backend.js';
import { type OnnxOptions, PROVIDERS, type Provider } from './options.js';
import { probeProvider } from './session/probe.js';

export { OnnxBackend } from './backend.js';
export type { LoweringOptions } from './lowering/lowering.js';
export { type OnnxOptions, PROVIDERS, type Provider } from './options.js';
export { type SaveOnnxOptions, saveOnnx } from './save-onnx.js';

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

function checkedProvider({ device = 'cpu' }: OnnxOptions): Provider {
  const provider = PROVIDERS.find((name) => name === device);
  if (provider !== undefined) return provider;
  throw new LacunaError({
    where: 'onnx',
    what: 'there is no provider of this name',
    got: device,
    expected: `one of ${PROVIDERS.join(', ')}`,
  });
}
