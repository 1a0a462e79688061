import type { Backend, DeviceTensor, Executable, Named } from '../../core/backend.js';
import { float32 } from '../../reference/index.js';
import { LacunaError } from '../../spec/errors.js';
import { TRANSPORT_FAULTS } from '../fleet/faulty-transport.js';
import { float32Backend } from '../fleet/legal.js';
import { backendSubject } from '../subject.js';
import type { Mutant } from './mutant.js';

/** Each rule of the backend contract, broken. */
export function contractMutants(): readonly Mutant[] {
  return [
    ...TRANSPORT_FAULTS.map(
      ({ name, open, foundBy }): Mutant => ({
        name: `transport: ${name}`,
        open: () => backendSubject(open()),
        seenBy: [foundBy, 'law/'],
      }),
    ),
    mutant('empty tensors come back with an element', (backend) => {
      const download = backend.download.bind(backend);
      backend.download = async (tensor) => {
        const host = await download(tensor);
        return host.data.length === 0 ? { ...host, data: new Float32Array(1) } : host;
      };
    }),
    mutant('bools come back as integers', (backend) => {
      const download = backend.download.bind(backend);
      backend.download = async (tensor) => {
        const host = await download(tensor);
        return host.dtype === 'bool'
          ? { ...host, dtype: 'i32', data: Int32Array.from(host.data) }
          : host;
      };
    }),
    mutant('a missing input is whatever was uploaded last', (backend) => {
      let last: DeviceTensor | undefined;
      const upload = backend.upload.bind(backend);
      backend.upload = async (tensor) => {
        last = await upload(tensor);
        return last;
      };
      wrapRun(backend, (run, inputs, { program }) => {
        const filled = Object.fromEntries(
          program.inputs.flatMap(({ name }) => {
            const tensor = inputs[name] ?? last;
            return tensor === undefined ? [] : [[name, tensor] as const];
          }),
        );
        return run(filled);
      });
    }),
    mutant('errors of a run have no class of their own', (backend) => {
      wrapRun(backend, async (run, inputs) => {
        try {
          return await run(inputs);
        } catch (error) {
          throw error instanceof LacunaError ? new TypeError(error.message) : error;
        }
      });
    }),
    mutant('outputs read donated memory after it was written', (backend) => {
      const compile = backend.compile.bind(backend);
      backend.compile = async (program, options = {}) => {
        const executable = await compile(program);
        const donate = Object.entries(options.donate ?? {});
        const run: Executable['run'] = async (inputs) => {
          const first = await executable.run(inputs);
          if (donate.length === 0) return first;
          const late = { ...inputs };
          for (const [input, output] of donate) late[input] = first[output] as DeviceTensor;
          const second = await executable.run(late);
          const mixed = { ...second };
          for (const [, output] of donate) {
            backend.release(second[output] as DeviceTensor);
            mixed[output] = first[output] as DeviceTensor;
          }
          for (const [name, tensor] of Object.entries(first)) {
            if (!donate.some(([, output]) => output === name)) backend.release(tensor);
          }
          for (const [input] of donate) backend.release(inputs[input] as DeviceTensor);
          return mixed;
        };
        return { ...executable, run };
      };
    }),
    mutant('donated handles live on', (backend) => {
      const compile = backend.compile.bind(backend);
      backend.compile = (program) => compile(program);
    }),
    mutant('a second release is an error', (backend) => {
      const released = new WeakSet<DeviceTensor>();
      const release = backend.release.bind(backend);
      backend.release = (tensor) => {
        if (released.has(tensor)) throw new LacunaError({ what: 'it was released already' });
        released.add(tensor);
        release(tensor);
      };
    }),
    mutant('an input that is an output comes out empty', (backend) => {
      wrapRun(backend, async (run, inputs, { program }) => {
        const results: Record<string, DeviceTensor> = { ...(await run(inputs)) };
        const given = new Set(program.inputs.map(({ name }) => name));
        for (const { name, value } of program.outputs) {
          const tensor = results[name];
          if (!given.has(value) || tensor === undefined) continue;
          const { data, ...type } = await backend.download(tensor);
          backend.release(tensor);
          results[name] = await backend.upload({ ...type, data: data.slice().fill(0) });
        }
        return results;
      });
    }),
    mutant('every run moves its inputs to the host and back', (backend) => {
      wrapRun(backend, async (run, inputs) => {
        for (const tensor of Object.values(inputs)) {
          backend.release(await backend.upload(await backend.download(tensor)));
        }
        return run(inputs);
      });
    }),
    mutant('disposing of one executable ends those of the same name', (backend) => {
      const ended = new Set<string>();
      const compile = backend.compile.bind(backend);
      backend.compile = async (program, options) => {
        const executable = await compile(program, options);
        const run: Executable['run'] = (inputs) => {
          if (ended.has(program.name)) throw new LacunaError({ what: 'it was disposed of' });
          return executable.run(inputs);
        };
        const dispose = async (): Promise<void> => {
          ended.add(program.name);
        };
        return { ...executable, run, dispose };
      };
    }),
  ];
}

function mutant(name: string, spoil: (backend: Backend & Spoilable) => void): Mutant {
  const open = (): ReturnType<Mutant['open']> => {
    const backend = float32Backend(name, float32({ summation: 'pairwise' }));
    spoil(backend);
    return backendSubject(backend);
  };
  return { name: `contract: ${name}`, open, seenBy: ['law/', 'real/residency'] };
}

/** A backend whose methods may be exchanged. */
type Spoilable = { -readonly [K in 'compile' | 'upload' | 'download' | 'release']: Backend[K] };

function wrapRun(
  backend: Backend & Spoilable,
  wrap: (
    run: Executable['run'],
    inputs: Named<DeviceTensor>,
    executable: Executable,
  ) => Promise<Named<DeviceTensor>>,
): void {
  const compile = backend.compile.bind(backend);
  backend.compile = async (program, options) => {
    const executable = await compile(program, options);
    return { ...executable, run: (inputs) => wrap(executable.run, inputs, executable) };
  };
}
