import type { BackendFactory, BackendOptions } from '../../core/backend.js';
import { backendOption } from '../../core/backend-option.js';
import { LacunaError } from '../../spec/errors.js';
import { XlaBackend } from './backend.js';
import { DEVICES, PRECISIONS, startXla, type XlaProcessOptions } from './process.js';

export { XLA_FAILED, XlaBackend } from './backend.js';
export { planSplit, type SplitPlan } from './plan.js';
export { DEVICES, type XlaGroup } from './process.js';

/** What XLA understands beside the options of every backend. */
export interface XlaOptions extends BackendOptions, Pick<XlaProcessOptions, 'rows' | 'group'> {}

/** XLA through JAX, in a process of Python: `cpu`, `cuda`, `tpu`. */
export const XLA: BackendFactory & { open(options?: XlaOptions): Promise<XlaBackend> } = {
  name: 'xla',
  devices: DEVICES,
  splits: true,
  probe: async (options = {}) => {
    try {
      const backend = await open(options);
      await backend.dispose();
      return { available: true, device: backend.info.device };
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      return { available: false, reason: error.message };
    }
  },
  open,
};

async function open({ device, precision, ...rest }: XlaOptions = {}): Promise<XlaBackend> {
  const options = {
    ...rest,
    device: backendOption('xla', 'device', DEVICES, device),
    precision: backendOption('xla', 'precision', PRECISIONS, precision),
  };
  const { session, hello } = await startXla(options);
  const { version, contract, deterministic, claims, floats, devices = 1 } = hello;
  const { processes = 1, process = 0 } = options.group ?? {};
  const onCpu = options.device === 'cpu';
  const info = {
    name: 'xla',
    version,
    device: devices === 1 ? hello.device : `${devices} x ${hello.device}`,
    contract,
    deterministic,
    residency: 'resident',
    claims,
    ...(floats.includes('f64') ? { float64: true as const } : {}),
    ...(devices === 1 ? {} : { devices }),
    ...(processes === 1 ? {} : { processes, process }),
    ...(devices > 1 && options.shardState === true ? { shardedState: true as const } : {}),
    memory: {
      device: onCpu ? 'machine' : 'own',
      donated: 'in place',
      between: 'kept',
      fuses: true,
      whole: claims,
    },
  } as const;
  return new XlaBackend(info, session);
}
