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
import { LacunaError } from '../spec/errors.js';
import {
  type DType,
  formatType,
  type Program,
  type Shape,
  sameShape,
} from '../spec/program/index.js';
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
  readonly #live = new Set<InterpreterTensor<Column>>();

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
    this.#interpreter = new Interpreter(arithmetic, meanings, bodies);
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const start = performance.now();
    const outputs = new Set(program.outputs.map(({ name }) => name));
    for (const [input, output] of Object.entries(options.donate ?? {})) {
      if (!program.inputs.some(({ name }) => name === input) || !outputs.has(output)) {
        throw new LacunaError({
          where: program.name,
          what: 'a donation names no input or no output',
          got: `${input} to ${output}`,
        });
      }
    }
    const donated = Object.keys(options.donate ?? {});
    return {
      program,
      compileSeconds: (performance.now() - start) / 1000,
      run: async (inputs) => this.#run(program, donated, inputs),
      dispose: async () => {},
    };
  }

  async upload(tensor: HostTensor): Promise<DeviceTensor> {
    const declared = { name: 'upload', dtype: tensor.dtype, shape: tensor.shape };
    return this.#keep(fromHost(this.#interpreter.arithmetic, tensor, declared));
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    return toHost(this.#interpreter.arithmetic, this.#own(tensor, 'download').tensor);
  }

  release(tensor: DeviceTensor): void {
    if (tensor instanceof InterpreterTensor) this.#live.delete(tensor);
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async dispose(): Promise<void> {
    this.#live.clear();
  }

  #run(
    program: Program,
    donated: readonly string[],
    inputs: Named<DeviceTensor>,
  ): Named<DeviceTensor> {
    const tensors = new Map<string, Tensor<Column>>();
    try {
      for (const declared of program.inputs) {
        const where = `${program.name}: ${declared.name}`;
        const { tensor } = this.#own(inputs[declared.name], where);
        if (tensor.dtype !== declared.dtype || !sameShape(tensor.shape, declared.shape)) {
          throw new LacunaError({
            where,
            what: 'an input has the wrong type',
            got: formatType(tensor),
            expected: formatType(declared),
          });
        }
        tensors.set(declared.name, tensor);
      }
      const wanted = program.outputs.map(({ value }) => value);
      const values = this.#interpreter.evaluate(program, tensors, new Set(wanted));
      return Object.fromEntries(
        program.outputs.map(({ name, value }) => {
          return [name, this.#keep(values.get(value) as Tensor<Column>)];
        }),
      );
    } finally {
      for (const name of donated) {
        const tensor = inputs[name];
        if (tensor !== undefined) this.release(tensor);
      }
    }
  }

  #keep(tensor: Tensor<Column>): InterpreterTensor<Column> {
    const handle = new InterpreterTensor(tensor);
    this.#live.add(handle);
    return handle;
  }

  #own(handle: DeviceTensor | undefined, where: string): InterpreterTensor<Column> {
    if (handle instanceof InterpreterTensor && this.#live.has(handle)) return handle;
    throw new LacunaError({
      where,
      what:
        handle === undefined
          ? 'an input is missing'
          : 'a tensor was released, donated, or belongs to another backend',
    });
  }
}

/** A handle; tensors themselves are never changed once made, so that handles may share them. */
class InterpreterTensor<Column> implements DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly tensor: Tensor<Column>;

  constructor(tensor: Tensor<Column>) {
    this.dtype = tensor.dtype;
    this.shape = tensor.shape;
    this.tensor = tensor;
  }
}
