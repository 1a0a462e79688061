import { availableParallelism } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';
import type {
  Backend,
  BackendInfo,
  CompileOptions,
  DeviceTensor,
  HostData,
  HostTensor,
  NumericContract,
} from '../../core/backend.js';
import { checkedDonations, requireFilled } from '../../core/check-run.js';
import { LiveTensors } from '../../core/held-tensor.js';
import { declarations } from '../../core/passes/rewrite.js';
import { loadOnnxRuntime, type OnnxRuntime, onnxRuntimeError } from '../../formats/onnx/runtime.js';
import { LacunaError } from '../../spec/errors.js';
import type { Program, TensorType } from '../../spec/program/index.js';
import { CLAIMS } from './lowering/composites/index.js';
import { UPDATES } from './lowering/in-place.js';
import { lower, RECOMPUTED } from './lowering/lower.js';
import { BLOCKS_FROM, type Compact } from './lowering/lowering.js';
import type { OnnxOptions, Provider } from './options.js';
import { OnnxExecutable } from './session/executable.js';
import { cpuName, probeProvider, tf32 } from './session/probe.js';
import { addStop } from './session/run-in-place.js';
import type { OnnxTensor } from './session/tensor.js';

/** Elements of a chunk of elementwise work for each thread: a quarter of a megabyte of f32 a tensor. */
const CHUNK_ELEMENTS = 65_536;

/** The CUDA provider multiplies in TF32, unless its libraries are told not to: see `tf32`. */
const CONTRACTS: Readonly<Record<Provider, NumericContract>> = {
  cpu: 'f32-ieee',
  cuda: tf32 ? 'tf32-products' : 'f32-flush',
  webgpu: 'f32-wgsl',
};

/**
 * What ONNX Runtime's arena on a CPU holds over the values that lie in it at a time: its pieces double as it
 * grows, and holes between values stay. Measured steps take 1.1 to 1.5
 * (docs/performance.md).
 */
const ARENA = 1.25;

/** Executes programs with ONNX Runtime. */
export class OnnxBackend implements Backend {
  readonly info: BackendInfo;
  readonly #runtime: OnnxRuntime;
  readonly #options: OnnxOptions;
  readonly #live = new LiveTensors<HostData>('onnx');
  readonly #executables = new Set<OnnxExecutable>();

  /** Opens a provider that its probe found. */
  static async open(options: OnnxOptions = {}): Promise<OnnxBackend> {
    const provider = (options.device ?? 'cpu') as Provider;
    const probe = await probeProvider(provider, options.threads);
    if (!probe.available) {
      throw new LacunaError({ where: `onnx:${provider}`, what: probe.reason.replace(/\.$/, '') });
    }
    return new OnnxBackend(await loadOnnxRuntime('onnx'), provider, probe.device, options);
  }

  private constructor(
    runtime: OnnxRuntime,
    provider: Provider,
    device: string,
    options: OnnxOptions,
  ) {
    this.#runtime = runtime;
    const chunkElements = provider === 'cpu' ? CHUNK_ELEMENTS : 0;
    this.#options = { chunkElements, ...options, threads: threadCount(options), device: provider };
    this.info = {
      name: 'onnx',
      version: runtime.env.versions.node ?? runtime.env.versions.common,
      device: provider === 'cpu' ? cpuName(threadCount(options)) : device,
      contract: CONTRACTS[provider],
      deterministic: provider === 'cpu',
      residency: provider === 'cpu' ? 'resident' : 'host',
      ...(provider === 'cpu' ? { float64: true } : {}),
      claims: Object.keys(CLAIMS).filter(
        (name) => provider === 'cpu' || !name.startsWith('attention'),
      ),
      memory: {
        device: provider === 'cpu' ? 'machine' : 'own',
        donated: 'beside',
        ...(provider === 'cpu' ? { overwrites: UPDATES } : {}),
        recomputes: RECOMPUTED,
        between: 'kept',
        fuses: false,
        whole: Object.keys(CLAIMS).filter((name) => !name.startsWith('attention')),
        ...(provider === 'cpu' ? { streamsFrom: BLOCKS_FROM, packing: ARENA } : {}),
      },
    };
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<OnnxExecutable> {
    const start = performance.now();
    const donate = checkedDonations(program, options.donate);
    // A provider with a device of its own copies what it is fed, and has nothing to overwrite.
    const isHere = this.#options.device === 'cpu';
    const { recompute = false } = options;
    const lowered = lower(program, {
      ...this.#options,
      recompute,
      ...(isHere ? { donate } : {}),
    });
    addStop(lowered.graph);
    const types = declarations(program);
    const outputs = program.outputs.map(({ name, value }, index) => {
      const { dtype, shape } = types.get(value) as TensorType;
      return { name, dtype, shape, graph: lowered.outputs[index] as Compact };
    });
    const session = await this.#session(program, lowered.graph.encode());
    const executable = new OnnxExecutable({
      runtime: this.#runtime,
      session,
      program,
      outputs,
      donate,
      inPlace: lowered.inPlace,
      live: this.#live,
      traces: this.#options.trace !== undefined,
      compileSeconds: (performance.now() - start) / 1000,
    });
    this.#executables.add(executable);
    return executable;
  }

  async upload(tensor: HostTensor): Promise<OnnxTensor> {
    requireFilled(tensor, 'onnx');
    const { dtype, shape, data } = tensor;
    return this.#live.keep({ dtype, shape }, data.slice());
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const { dtype, shape, memory } = this.#live.own(tensor);
    return { dtype, shape, data: memory.slice() };
  }

  release(tensor: DeviceTensor): void {
    this.#live.own(tensor).end('released');
  }

  async dispose(): Promise<void> {
    this.#live.releaseAll();
    for (const executable of this.#executables) await executable.dispose();
    this.#executables.clear();
  }

  async #session(program: Program, model: Uint8Array): Promise<InferenceSession> {
    try {
      return await this.#runtime.InferenceSession.create(model, sessionOptions(this.#options));
    } catch (cause) {
      throw onnxRuntimeError(
        { where: program.name, what: 'ONNX Runtime refuses the program' },
        cause,
      );
    }
  }
}

/**
 * The first would scale a product where its operand is scaled: another rounding of subnormal numbers. The others would take
 * a transpose into the product that reads it, which is slower where it was written out (`lowering/plane.ts`).
 */
const DISABLED = ['MatMulScaleFusion', 'MatmulTransposeFusion', 'GemmTransposeFusion'];

function sessionOptions(options: OnnxOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [options.device ?? 'cpu'],
    intraOpNumThreads: threadCount(options),
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // With a pattern the second run takes one block for all that the first took in pieces, and keeps both.
    enableMemPattern: false,
    graphOptimizationLevel: options.optimization ?? 'all',
    extra: {
      optimization: { disable_specified_optimizers: DISABLED.join(';') },
      session: { intra_op: { allow_spinning: (options.spinning ?? true) ? '1' : '0' } },
    },
    ...(options.trace === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: options.trace }),
    logSeverityLevel: 4, // what goes wrong is thrown
  };
}

function threadCount(options: OnnxOptions): number {
  return options.threads ?? availableParallelism();
}
