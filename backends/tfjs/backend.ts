import type {
  Backend,
  BackendInfo,
  CompileOptions,
  DeviceTensor,
  HostTensor,
  Named,
} from '../../core/backend.js';
import { declarations } from '../../core/passes/rewrite.js';
import { LacunaError } from '../../spec/errors.js';
import { elementCount, formatType, type Program, sameShape } from '../../spec/program/index.js';
import { TfjsExecutable } from './executable.js';
import { elementType } from './library/element-type.js';
import type { LoadedTfjs } from './library/load.js';
import { CLAIMS, lower } from './lowering/lower.js';
import { type LiveTensors, TfjsTensor } from './tensor.js';

/** Executes programs with the eager operations of TensorFlow.js. */
export class TfjsBackend implements Backend {
  readonly info: BackendInfo;
  readonly #library: LoadedTfjs;
  readonly #live: LiveTensors = new Set();
  readonly #executables = new Set<TfjsExecutable>();

  /** @param library A TensorFlow.js module with the backend that is to compute. */
  constructor(library: LoadedTfjs) {
    this.#library = library;
    const { version, device, contract, deterministic, onHost } = library;
    this.info = {
      name: 'tfjs',
      version,
      device,
      contract,
      deterministic,
      residency: onHost ? 'host' : 'resident',
      claims: CLAIMS,
    };
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<TfjsExecutable> {
    const start = performance.now();
    for (const { name, dtype } of declarations(program).values()) elementType(dtype, name);
    const donate = checkedDonations(program, options.donate ?? {});
    const { tf, enter, fuseBias } = this.#library;
    const lowered = lower(program, { fuseBias });
    const executable = new TfjsExecutable({
      tf,
      enter,
      program,
      lowered,
      donate,
      live: this.#live,
      compileSeconds: (performance.now() - start) / 1000,
    });
    this.#executables.add(executable);
    return executable;
  }

  async upload({ dtype, shape, data }: HostTensor): Promise<TfjsTensor> {
    const { held, up } = elementType(dtype, 'tfjs');
    if (data.length !== elementCount(shape)) {
      throw new LacunaError({
        where: 'tfjs',
        what: 'the data does not fill the shape',
        got: `${data.length} elements for ${formatType({ dtype, shape })}`,
      });
    }
    const { tf, enter } = this.#library;
    enter();
    return new TfjsTensor({ dtype, shape }, tf.tensor(up(data), [...shape], held), this.#live);
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const { dtype, shape, held } = this.#own(tensor);
    this.#library.enter();
    const data = await held.data();
    return { dtype, shape, data: elementType(dtype, 'tfjs').down(data) };
  }

  release(tensor: DeviceTensor): void {
    this.#own(tensor).end('released');
  }

  async dispose(): Promise<void> {
    for (const tensor of [...this.#live]) tensor.end('released');
    for (const executable of this.#executables) await executable.dispose();
    this.#executables.clear();
  }

  #own(tensor: DeviceTensor): TfjsTensor {
    if (tensor instanceof TfjsTensor && tensor.owner === this.#live) return tensor;
    throw new LacunaError({ where: 'tfjs', what: 'the tensor is of another backend' });
  }
}

function checkedDonations(program: Program, donate: Named<string>): Named<string> {
  const types = declarations(program);
  for (const [input, output] of Object.entries(donate)) {
    const from = program.inputs.find(({ name }) => name === input);
    const to = types.get(program.outputs.find(({ name }) => name === output)?.value ?? '');
    if (from && to && from.dtype === to.dtype && sameShape(from.shape, to.shape)) continue;
    throw new LacunaError({
      where: program.name,
      what: 'a donation does not name an input and an output of one type',
      got: `${input} for ${output}`,
    });
  }
  return donate;
}
