import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import util from 'node:util';
import type { NumericContract } from '../../../core/backend.js';
import { LacunaError } from '../../../spec/errors.js';
import type { Tfjs } from './tfjs.js';

/**
 * - `cpu`: `@tensorflow/tfjs-node`, TensorFlow's C library on the CPU.
 * - `cuda`: `@tensorflow/tfjs-node-gpu`, the same on an NVIDIA GPU.
 * - `wasm`, `js`: the backends of TensorFlow.js without a native library; they check the mapping of
 *   operations and are slow.
 */
export const DEVICES = ['cpu', 'cuda', 'wasm', 'js'] as const;
export type TfjsDevice = (typeof DEVICES)[number];

/** A TensorFlow.js module, and what it computes with. */
export interface LoadedTfjs {
  readonly tf: Tfjs;
  /** Makes the device the current one of the module, which may have several. */
  readonly enter: () => void;
  readonly version: string;
  readonly device: string;
  readonly contract: NumericContract;
  readonly deterministic: boolean;
  /** Whether tensors lie in the host's memory behind a copy. */
  readonly onHost: boolean;
  /** Whether it adds a bias inside a product rightly: WebAssembly does not where b is transposed. */
  readonly fuseBias: boolean;
}

const MODULES: Readonly<Record<TfjsDevice, readonly string[]>> = {
  cpu: ['@tensorflow/tfjs-node'],
  cuda: ['@tensorflow/tfjs-node-gpu'],
  wasm: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'],
  js: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'],
};

/** The name under which TensorFlow.js registers the device. */
const REGISTERED: Readonly<Record<TfjsDevice, string>> = {
  cpu: 'tensorflow',
  cuda: 'tensorflow',
  wasm: 'wasm',
  js: 'cpu',
};

/**
 * Loads the packages of a device: from the folder that `LACUNA_TFJS` names, where there is one,
 * else as any package.
 *
 * @throws LacunaError that says what to install where a package is missing or does not load.
 */
export async function loadTfjs(device: TfjsDevice): Promise<LoadedTfjs> {
  const folder = process.env.LACUNA_TFJS;
  const base = folder === undefined ? import.meta.url : join(resolve(folder), 'package.json');
  const require = createRequire(base);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  restoreRemovedPredicates();
  let tf: Tfjs | undefined;
  for (const name of MODULES[device]) {
    try {
      const module = require(name) as Tfjs;
      tf ??= module;
    } catch (cause) {
      throw missing(device, name, cause);
    }
  }
  if (tf === undefined) throw new LacunaError({ what: 'no package is named', got: device });
  const registered = REGISTERED[device];
  if (!(await tf.setBackend(registered))) {
    throw missing(device, MODULES[device].join(' and '), `${registered} does not start`);
  }
  await tf.ready();
  return describe(tf, device);
}

/** What the native part tells of itself. */
interface NativeBackend {
  readonly isUsingGpuDevice?: boolean;
  readonly binding?: { readonly TF_Version?: string };
}

function describe(tf: Tfjs, device: TfjsDevice): LoadedTfjs {
  const registered = REGISTERED[device];
  const loaded = tf;
  const enter = (): void => {
    // Its promise is settled already: the backend was started above.
    if (loaded.getBackend() !== registered) void loaded.setBackend(registered);
  };
  const version = tf.version?.['tfjs-core'] ?? tf.version_core ?? 'unknown';
  if (device === 'wasm' || device === 'js') {
    return {
      tf,
      enter,
      version,
      device: device === 'wasm' ? 'WebAssembly, 1 thread' : 'JavaScript, 1 thread',
      contract: 'f32-ieee',
      deterministic: true,
      onHost: true,
      fuseBias: device === 'js',
    };
  }
  const { isUsingGpuDevice = false, binding = {} } = tf.backend() as NativeBackend;
  if (device === 'cuda' && !isUsingGpuDevice) {
    throw missing(device, MODULES.cuda.join(), 'TensorFlow finds no CUDA device');
  }
  const exact = process.env.NVIDIA_TF32_OVERRIDE === '0';
  const where = isUsingGpuDevice
    ? `CUDA, ${exact ? 'TF32 off' : 'TF32 products (NVIDIA_TF32_OVERRIDE=0 turns them off)'}`
    : 'CPU';
  return {
    tf,
    enter,
    version,
    device: `${where}, libtensorflow ${binding.TF_Version ?? 'of unknown version'}`,
    // TensorFlow's threads on the CPU take subnormal numbers for 0.
    contract: isUsingGpuDevice && !exact ? 'tf32-products' : 'f32-flush',
    deterministic: !isUsingGpuDevice,
    onHost: false,
    fuseBias: true,
  };
}

const INSTALL: Readonly<Record<TfjsDevice, string>> = {
  cpu: 'npm run tensorflow, then export LACUNA_TFJS as it says (needs pip and g++)',
  cuda: 'npm run tensorflow -- --cuda, then export LACUNA_TFJS as it says (needs pip, g++ and an NVIDIA driver)',
  wasm: 'npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0',
  js: 'npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0',
};

function missing(device: TfjsDevice, name: string, cause: unknown): LacunaError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const first = reason.split('\n')[0] ?? '';
  return new LacunaError(
    {
      where: `tfjs:${device}`,
      what: `${name} cannot be used`,
      got: first.replaceAll(/\s+/g, ' ').slice(0, 300),
      fix: `Install it: ${INSTALL[device]}.`,
    },
    { cause },
  );
}

/** tfjs-node 4.22 calls predicates of `node:util` that Node 23 removed; these are their meanings. */
function restoreRemovedPredicates(): void {
  const meanings = {
    isNullOrUndefined: (x: unknown): boolean => x === null || x === undefined,
    isArray: Array.isArray,
    isString: (x: unknown): boolean => typeof x === 'string',
    isNumber: (x: unknown): boolean => typeof x === 'number',
    isBoolean: (x: unknown): boolean => typeof x === 'boolean',
  };
  for (const [name, predicate] of Object.entries(meanings)) {
    if (!(name in util)) Reflect.set(util, name, predicate);
  }
}
