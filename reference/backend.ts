import type {
  Backend,
  BackendFactory,
  BackendInfo,
  BackendOptions,
  CompileOptions,
  DeviceTensor,
  Executable,
  HostTensor,
  Named,
  Probe,
} from '../core/backend.js';
import { backendOption } from '../core/backend-option.js';
import { checkedDonations, checkedInputs } from '../core/check-run.js';
import { LiveTensors } from '../core/held-tensor.js';
import type { Program } from '../spec/program/index.js';
import type { Arithmetic } from './arithmetic.js';
import { FLOAT64 } from './float64.js';
import { fromHost, toHost } from './host.js';
import { Interpreter, type Meanings } from './interpreter.js';
import type { Tensor } from './tensor.js';

/**
 * The interpreter in float64 as a backend, for tests and for checks of other code. Every float
 * type is computed in float64 and downloaded as doubles, unrounded; uploads take doubles for every
 * float type, too, so that state survives a round trip unchanged.
 */
export const REFERENCE: BackendFactory = {
  name: 'reference',
  devices: ['cpu'],
  probe: async ({ device, precision }: BackendOptions = {}): Promise<Probe> => {
    backendOption('reference', 'precision', ['f32'], precision);
    backendOption('reference', 'device', ['cpu'], device);
    return { available: true, device: DEVICE };
  },
  open: async (options: BackendOptions = {}): Promise<Backend> => {
    await REFERENCE.probe(options);
    return new InterpreterBackend(FLOAT64, {
      name: 'reference',
      contract: 'f64-ieee',
      claims: [],
    });
  },
};

const DEVICE = 'CPU, 1 thread';

/** A backend that executes programs by the interpreter, in any arithmetic. */
export class InterpreterBackend<Column> implements Backend {
  readonly info: BackendInfo;
  readonly #interpreter: Interpreter<Column>;
  readonly #live: LiveTensors<Tensor<Column>>;

  /** @param bodies The arithmetic of composites' bodies. @defaultValue that of programs */
  constructor(
    arithmetic: Arithmetic<Column>,
    info: Pick<BackendInfo, 'name' | 'contract' | 'claims'> & Partial<BackendInfo>,
    meanings: Meanings = {},
    bodies: Arithmetic<Column> = arithmetic,
  ) {
    this.info = {
      version: '1',
      device: DEVICE,
      deterministic: true,
      residency: 'resident',
      ...info,
    };
    this.#live = new LiveTensors(this.info.name);
    this.#interpreter = new Interpreter(arithmetic, meanings, bodies);
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const start = performance.now();
    const donate = checkedDonations(program, options.donate);
    return {
      program,
      compileSeconds: (performance.now() - start) / 1000,
      run: async (inputs) => this.#run(program, donate, inputs),
      dispose: async () => {},
    };
  }

  async upload(tensor: HostTensor): Promise<DeviceTensor> {
    const declared = { name: 'upload', dtype: tensor.dtype, shape: tensor.shape };
    return this.#live.keep(declared, fromHost(this.#interpreter.arithmetic, tensor, declared));
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    return toHost(this.#interpreter.arithmetic, this.#live.own(tensor).memory);
  }

  release(tensor: DeviceTensor): void {
    this.#live.own(tensor).end('released');
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async dispose(): Promise<void> {
    this.#live.releaseAll();
  }

  #run(program: Program, donate: Named<string>, inputs: Named<DeviceTensor>): Named<DeviceTensor> {
    const given = checkedInputs(program, donate, inputs, this.#live.isOwn);
    // Tensors are never changed once made, so that handles may share them.
    const tensors = new Map([...given].map(([name, { memory }]) => [name, memory]));
    try {
      const wanted = program.outputs.map(({ value }) => value);
      const values = this.#interpreter.evaluate(program, tensors, new Set(wanted));
      return Object.fromEntries(
        program.outputs.map(({ name, value }) => {
          const tensor = values.get(value) as Tensor<Column>;
          return [name, this.#live.keep(tensor, tensor)];
        }),
      );
    } finally {
      for (const name of Object.keys(donate)) given.get(name)?.end('donated');
    }
  }
}
