import type { BackendFactory, BackendOptions } from '../../core/backend.js';
import { backendOption } from '../../core/backend-option.js';
import { LacunaError } from '../../spec/errors.js';
import { TfjsBackend } from './backend.js';
import { DEVICES, loadTfjs, type TfjsDevice } from './library/load.js';

export { TfjsBackend } from './backend.js';
export { DEVICES, type LoadedTfjs, loadTfjs, type TfjsDevice } from './library/load.js';
export type { Tfjs, TfTensor } from './library/tfjs.js';

/** TensorFlow through TensorFlow.js: `cpu`, `cuda`, and `wasm` and `js` for checks. */
export const TFJS: BackendFactory = {
  name: 'tfjs',
  devices: DEVICES,
  probe: async (options = {}) => {
    const name = checkedDevice(options);
    try {
      const { device } = await loadTfjs(name);
      return { available: true, device };
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      return { available: false, reason: error.message };
    }
  },
  open: async (options = {}) => new TfjsBackend(await loadTfjs(checkedDevice(options))),
};

function checkedDevice({ device, precision }: BackendOptions): TfjsDevice {
  backendOption('tfjs', 'precision', ['f32'], precision);
  return backendOption('tfjs', 'device', DEVICES, device);
}
