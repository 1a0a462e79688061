import type { NumericContract } from '../spec/contracts/index.js';
import type { DType, Program, Shape } from '../spec/program/index.js';

/** The elements of a tensor on the host, row-major; f16 and bf16 as their bit patterns, bool as 0 or 1. */
export type HostData = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

/** A tensor in host memory. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: HostData;
}

/** A tensor on a backend's device. It belongs to the backend that made it. */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
}

export type Named<T> = Readonly<Record<string, T>>;

export type { NumericContract };

export interface CompileOptions {
  /**
   * Inputs whose memory a run may reuse for an output, by input name. A donated handle is invalid
   * after the run, whether or not its memory was reused.
   */
  readonly donate?: Named<string>;
  /**
   * Inputs that are rows of a batch, by name: a backend of several devices splits them, each device having
   * as many, and has all else on every device, but for state that is sharded; of a program that has none, everything.
   * @defaultValue the program runs on one device
   */
  readonly rows?: readonly string[];
  /** Make again what `MemoryHabits.recomputes` names: less memory for more time. @defaultValue false */
  readonly recompute?: boolean;
}

/** What one part of a run took on its device. */
export interface KernelTime {
  /** The values that it makes. */
  readonly label: string;
  readonly milliseconds: number;
  /** Bytes of all that it reads and writes, each once. */
  readonly bytes: number;
  /** Of matrix products, each multiply-add as two. */
  readonly flops: number;
}

/** A compiled program. */
export interface Executable {
  readonly program: Program;
  /** Seconds that compilation took. */
  readonly compileSeconds: number;
  /**
   * Runs the program on tensors of its backend: one for each input, by name. A run that is refused for
   * its inputs loses none of them; after one that fails, every donated tensor is lost.
   */
  run(inputs: Named<DeviceTensor>): Promise<Named<DeviceTensor>>;
  /** A run with a clock on each kernel, in order: of backends that can tell. */
  profile?(inputs: Named<DeviceTensor>): Promise<{
    readonly outputs: Named<DeviceTensor>;
    readonly times: readonly KernelTime[];
  }>;
  /** The kernels in their own language, in order: of backends that write them. */
  readonly sources?: readonly KernelSourceText[];
  dispose(): Promise<void>;
}

/** One kernel as text. */
export interface KernelSourceText {
  readonly label: string;
  readonly text: string;
}

/** How a backend keeps what a step needs: what its memory is predicted by (`planMemory`). */
export interface MemoryHabits {
  /** Where its tensors lie: in the memory of the machine, beside what the caller feeds, or of its own. */
  readonly device: 'machine' | 'own';
  /** An output that replaces a donated input: in its place, or beside it, and its place is kept. */
  readonly donated: 'in place' | 'beside';
  /** Of those that lie beside: composites whose results are written over the inputs that they replace. @defaultValue none */
  readonly overwrites?: readonly string[];
  /**
   * Composites whose results are made again beside their gradient for what reads them after it, if that is asked for
   * (`CompileOptions.recompute`). @defaultValue none
   */
  readonly recomputes?: readonly string[];
  /** What lies between operations, after a call: kept for the next one of that program, or freed. */
  readonly between: 'kept' | 'freed';
  /** Whether elementwise operations are computed where their results are read, and not stored. */
  readonly fuses: boolean;
  /** The composites inside which nothing is stored. */
  readonly whole: readonly string[];
  /** The length of a sequence from which on the scores of attention are not stored either. */
  readonly streamsFrom?: number;
  /** Bytes of the gradients of those scores that are stored at a time all the same, at most. @defaultValue 0 */
  readonly scoreBytes?: number;
  /** What its buffers take over the values that lie in them at a time. @defaultValue 1 */
  readonly packing?: number;
}

/** What a backend tells of itself. */
export interface BackendInfo {
  /** `onnx`, `webgpu`, ... */
  readonly name: string;
  readonly version: string;
  /** The device in words: `CPU, 2 threads`. */
  readonly device: string;
  readonly contract: NumericContract;
  /** Whether equal inputs give equal bits, on one version, device and thread count. */
  readonly deterministic: boolean;
  /** `resident`: state stays on the device between runs; `host`: it passes through host memory. */
  readonly residency: 'resident' | 'host';
  /**
   * It runs programs in f64, too, as `f64-ieee` says. Worst cases are far narrower there, so that the
   * suite runs some cases of each family in f64. @defaultValue false
   */
  readonly float64?: true;
  /** The device is a GPU in software: right, but slow. */
  readonly emulated?: boolean;
  /** Composites that it executes whole; the others it expands. */
  readonly claims: readonly string[];
  /** Devices that share the rows of a batch, those of all processes. @defaultValue 1 */
  readonly devices?: number;
  /** Processes that share them, each of which uploads its rows alone. @defaultValue 1 */
  readonly processes?: number;
  /** Which of them this one is, from 0. @defaultValue 0 */
  readonly process?: number;
  /**
   * State of role `parameter`, `optimizer` or `average` lies in parts on the devices, one on each. Where these are of several
   * processes, its download is a call of all of them. @defaultValue each device has it whole
   */
  readonly shardedState?: true;
  /** How it keeps memory, by which that of a step is predicted. @defaultValue nobody can say */
  readonly memory?: MemoryHabits;
}

/** A device that executes programs. */
export interface Backend {
  readonly info: BackendInfo;
  /** @throws LacunaError for an operation, type or size that the backend does not support. */
  compile(program: Program, options?: CompileOptions): Promise<Executable>;
  /**
   * @param rows That it is rows of a batch of so many: of a backend of several processes those of this one alone,
   * where the processes have equally many, in the order of their numbers. @defaultValue it is whole
   */
  upload(tensor: HostTensor, rows?: number): Promise<DeviceTensor>;
  download(tensor: DeviceTensor): Promise<HostTensor>;
  /** Frees a tensor; idempotent. */
  release(tensor: DeviceTensor): void;
  /** Tensors that were made and not released: a leak check for tests. */
  readonly liveTensors: number;
  dispose(): Promise<void>;
}

/** The answer of a probe: what would run, or in one sentence why nothing can. */
export type Probe =
  | {
      readonly available: true;
      readonly device: string;
      /** As in `BackendInfo`. */
      readonly emulated?: boolean;
    }
  | { readonly available: false; readonly reason: string };

/** Options that every backend understands; a backend may add its own. */
export interface BackendOptions {
  /** The device within the backend: for `onnx` the execution provider, `cpu`, `cuda` or `webgpu`. */
  readonly device?: string;
  /** Threads of a CPU device. @defaultValue the number of cores */
  readonly threads?: number;
  /**
   * How matrix products read their operands: `mixed` as f16, `bf16` as bfloat16, `tf32` as TF32. They
   * add up in f32, and all that lies in memory stays f32, weights and moments too. @defaultValue `f32`
   */
  readonly precision?: Precision;
  /** Devices of this process that share a batch, of backends that split one. @defaultValue all; of a CPU 1 */
  readonly devices?: number;
  /** Whether state lies in parts, one on each of several devices, in place of whole on each. @defaultValue false */
  readonly shardState?: boolean;
}

export const PRECISIONS = ['f32', 'mixed', 'tf32', 'bf16'] as const;
export type Precision = (typeof PRECISIONS)[number];

/** A backend before it is opened: cheap to import; heavy libraries load on first use. */
export interface BackendFactory {
  readonly name: string;
  /** The devices that `open` accepts, the default first. */
  readonly devices: readonly string[];
  /** A batch may be split over several devices, and over processes. @defaultValue false */
  readonly splits?: true;
  probe(options?: BackendOptions): Promise<Probe>;
  /** @throws LacunaError where the probe would say that nothing can run. */
  open(options?: BackendOptions): Promise<Backend>;
}
