import type {
  Backend,
  BackendInfo,
  CompileOptions,
  DeviceTensor,
  HostTensor,
} from '../../core/backend.js';
import { checkedDonations, requireFilled } from '../../core/check-run.js';
import { LiveTensors } from '../../core/held-tensor.js';
import { declarations } from '../../core/passes/rewrite.js';
import type { Program } from '../../spec/program/index.js';
import { TfjsExecutable } from './executable.js';
import { elementType } from './library/element-type.js';
import type { LoadedTfjs } from './library/load.js';
import type { TfjsTensor, TfTensor } from './library/tfjs.js';
import { CLAIMS, lower } from './lowering/lower.js';

/** Executes programs with the eager operations of TensorFlow.js. */
export class TfjsBackend implements Backend {
  readonly info: BackendInfo;
  readonly #library: LoadedTfjs;
  readonly #live = new LiveTensors<TfTensor>('tfjs', (held) => held.dispose());
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
      memory: {
        device: onHost ? 'machine' : 'own',
        donated: 'beside',
        between: 'freed',
        fuses: false,
        whole: CLAIMS,
      },
    };
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<TfjsExecutable> {
    const start = performance.now();
    for (const { name, dtype } of declarations(program).values()) elementType(dtype, name);
    const donate = checkedDonations(program, options.donate);
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

  async upload(tensor: HostTensor): Promise<TfjsTensor> {
    const { dtype, shape, data } = tensor;
    const { held, up } = elementType(dtype, 'tfjs');
    requireFilled(tensor, 'tfjs');
    const { tf, enter } = this.#library;
    enter();
    return this.#live.keep({ dtype, shape }, tf.tensor(up(data), [...shape], held));
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const { dtype, shape, memory } = this.#live.own(tensor);
    this.#library.enter();
    const data = await memory.data();
    return { dtype, shape, data: elementType(dtype, 'tfjs').down(data) };
  }

  release(tensor: DeviceTensor): void {
    this.#live.own(tensor).end('released');
  }

  async dispose(): Promise<void> {
    this.#live.releaseAll();
    for (const executable of this.#executables) await executable.dispose();
    this.#executables.clear();
  }
}
