import type { Backend, BackendInfo, DeviceTensor, HostTensor, Named } from '../core/backend.js';
import type { FunctionName } from '../protocol/function-call.js';
import type { Case } from './case.js';

/** What is being judged: a backend, or a port behind the process protocol. */
export interface Subject {
  /** The functions that a port declares; absent for a backend, which is asked for programs only. */
  readonly functions?: readonly FunctionName[];
  readonly info: Pick<
    BackendInfo,
    'name' | 'version' | 'device' | 'contract' | 'deterministic' | 'claims' | 'float64'
  >;
  /** Whatever can run programs has one; checks of the backend contract need it. */
  readonly backend?: Backend;
  /**
   * Prepares the computation of a case.
   *
   * @returns in a sentence why this subject does not do such cases, where it does not.
   * @throws LacunaError where it refuses this one.
   */
  readonly open: (drawn: Case) => Promise<Opened | string>;
}

/** A computation that is ready to run. */
export interface Opened {
  readonly run: (inputs: Named<HostTensor>) => Promise<Named<HostTensor>>;
  readonly close: () => Promise<void>;
}

/** A backend as a subject: it compiles the programs of the cases. */
export function backendSubject(backend: Backend): Subject {
  return {
    info: backend.info,
    backend,
    open: async ({ program, call }) => {
      if (program === undefined) return `${call?.function} is no program`;
      const executable = await backend.compile(program);
      return {
        run: (inputs) => runOnce(backend, executable, inputs),
        close: () => executable.dispose(),
      };
    },
  };
}

/** Uploads, runs, downloads, and releases everything. */
export async function runOnce(
  backend: Backend,
  executable: { run(inputs: Named<DeviceTensor>): Promise<Named<DeviceTensor>> },
  inputs: Named<HostTensor>,
): Promise<Named<HostTensor>> {
  const held: DeviceTensor[] = [];
  try {
    const uploaded: Record<string, DeviceTensor> = {};
    for (const [name, tensor] of Object.entries(inputs)) {
      const handle = await backend.upload(tensor);
      held.push(handle);
      uploaded[name] = handle;
    }
    const results = await executable.run(uploaded);
    held.push(...Object.values(results));
    const outputs: Record<string, HostTensor> = {};
    for (const [name, handle] of Object.entries(results)) {
      outputs[name] = await backend.download(handle);
    }
    return outputs;
  } finally {
    for (const handle of held) backend.release(handle);
  }
}
