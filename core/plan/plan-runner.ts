import {
  elementCount,
  LacunaError,
  type Program,
  type ProgramInput,
  type StateSpec,
} from '../../spec/index.js';
import type {
  Backend,
  DeviceTensor,
  Executable,
  HostData,
  HostTensor,
  KernelTime,
  Named,
} from '../backend.js';
import { rowInputs } from './batch-rows.js';
import { metricNames, type Plan, type PlanCall } from './plan.js';

/** What the caller feeds to a step: data of the global batch, tables and schedule scalars. */
export type Feeds = Named<HostTensor>;

/** Data of a step that is still to come, on the device already (`PlanRunner.stage`). */
export type StagedFeeds = Named<DeviceTensor>;

export interface RunStepOptions {
  /** What of the feeds lies on the device already. @defaultValue nothing */
  readonly staged?: StagedFeeds;
  /**
   * Called once the backend has all of the step's work, before the metrics are waited for: the time to make the next
   * step's feeds ready. On WebGPU the device is at work then, and what is uploaded travels. ONNX Runtime is done; the process of XLA
   * answers one question after the other, so that an upload follows the metrics. @defaultValue nothing is done
   */
  readonly meanwhile?: () => void;
  /** Is given what each kernel took, of backends that can tell. */
  readonly onKernels?: ((times: readonly KernelTime[]) => void) | undefined;
}

/**
 * Runs the steps of a plan on a backend, with the state resident on its device. After an error the
 * runner is spent: donated state is lost, the last checkpoint is the way back.
 */
export class PlanRunner {
  readonly plan: Plan;
  /** Seconds that compilation took, over all programs. */
  readonly compileSeconds: number;
  readonly #backend: Backend;
  readonly #executables: ReadonlyMap<string, Executable>;
  readonly #state: Map<string, DeviceTensor>;
  readonly #tables: ReadonlyMap<string, DeviceTensor>;

  private constructor(
    plan: Plan,
    backend: Backend,
    executables: ReadonlyMap<string, Executable>,
    state: Map<string, DeviceTensor>,
    tables: ReadonlyMap<string, DeviceTensor>,
  ) {
    this.plan = plan;
    this.compileSeconds = sum([...executables.values()].map((each) => each.compileSeconds));
    this.#backend = backend;
    this.#executables = executables;
    this.#state = state;
    this.#tables = tables;
  }

  /**
   * Compiles the plan's programs and uploads its state and tables.
   *
   * @param state Makes or reads a state tensor; asked for one at a time.
   * @param table Makes the table of an input of role `constant`.
   */
  static async open(
    backend: Backend,
    plan: Plan,
    state: (spec: StateSpec) => HostTensor | Promise<HostTensor>,
    table: (input: ProgramInput) => HostTensor,
  ): Promise<PlanRunner> {
    const executables = new Map<string, Executable>();
    for (const call of plan.calls) {
      const { program: key } = call;
      const program = plan.programs[key];
      if (program === undefined)
        throw new LacunaError({ what: 'a plan has no such program', got: key });
      const donate = donations(plan, program);
      const rows = rowsOf(plan, call, program, backend);
      const { recompute = false } = plan;
      const shared = rows === undefined ? { recompute } : { recompute, rows };
      executables.set(key, await backend.compile(program, { donate, ...shared }));
    }
    const resident = new Map<string, DeviceTensor>();
    for (const spec of plan.state) resident.set(spec.name, await backend.upload(await state(spec)));
    const tables = new Map<string, DeviceTensor>();
    for (const { program } of executables.values()) {
      for (const input of program.inputs) {
        if (input.role !== 'constant' || tables.has(input.name)) continue;
        tables.set(input.name, await backend.upload(table(input)));
      }
    }
    return new PlanRunner(plan, backend, executables, resident, tables);
  }

  /** The compiled programs, by their keys in the plan. */
  get executables(): ReadonlyMap<string, Executable> {
    return this.#executables;
  }

  /**
   * Uploads the data of a step that is still to come, so that they travel while a device is at work on the one before it. Of
   * plans of several calls, which take a batch in parts, nothing. A step takes what it is given; what none takes is to be released.
   */
  async stage(feeds: Feeds): Promise<StagedFeeds> {
    const staged: Record<string, DeviceTensor> = {};
    const [call, ...others] = this.plan.calls;
    if (call === undefined || others.length > 0 || call.repeat > 1) return staged;
    const { program } = this.#executables.get(call.program) as Executable;
    try {
      for (const input of program.inputs) {
        const isFed = input.role === 'data' && feeds[input.name] !== undefined;
        if (isFed) staged[input.name] = await this.#upload(call, input, feeds, 0);
      }
    } catch (error) {
      this.release(staged);
      throw error;
    }
    return staged;
  }

  /** Frees what was staged for a step that does not come. */
  release(staged: StagedFeeds): void {
    for (const tensor of Object.values(staged)) this.#backend.release(tensor);
  }

  /** Runs one step and returns its metrics, scalars by name. */
  async step(
    feeds: Feeds,
    { staged = {}, meanwhile, onKernels }: RunStepOptions = {},
  ): Promise<Named<number>> {
    for (const spec of this.plan.scratch) this.#state.set(spec.name, await this.#zeros(spec));
    const told: Told[] = [];
    for (const call of this.plan.calls) {
      const { repeat } = call;
      for (let run = 0; run < repeat; run++) {
        const own = await this.#call(call, feeds, { run, staged, onKernels });
        told.push(...own.map((metric) => ({ ...metric, repeat })));
      }
    }
    const metrics = new Map<string, number>();
    // All at once and last: what is asked for between calls keeps a device waiting.
    const asked = Promise.all(told.map(({ tensor }) => this.#backend.download(tensor)));
    meanwhile?.();
    const values = await asked;
    for (const [index, { name, tensor, repeat }] of told.entries()) {
      const value = (values[index] as HostTensor).data[0] as number;
      metrics.set(name, (metrics.get(name) ?? 0) + value / repeat);
      this.#backend.release(tensor);
    }
    for (const { name } of this.plan.scratch) {
      this.#backend.release(stored(this.#state, name));
      this.#state.delete(name);
    }
    return Object.fromEntries(metrics);
  }

  /** The current value of a state tensor, on the host. */
  async download(name: string): Promise<HostTensor> {
    return this.#backend.download(stored(this.#state, name));
  }

  /** The state tensor on the device, for other programs on the same backend (evaluation). */
  tensor(name: string): DeviceTensor {
    return stored(this.#state, name);
  }

  async dispose(): Promise<void> {
    for (const tensor of [...this.#state.values(), ...this.#tables.values()])
      this.#backend.release(tensor);
    this.#state.clear();
    for (const executable of this.#executables.values()) await executable.dispose();
  }

  async #call(
    call: PlanCall,
    feeds: Feeds,
    { run, staged, onKernels }: CallOptions,
  ): Promise<readonly Omit<Told, 'repeat'>[]> {
    const executable = this.#executables.get(call.program) as Executable;
    const { program } = executable;
    const fed: DeviceTensor[] = [];
    const inputs: Record<string, DeviceTensor> = {};
    for (const input of program.inputs) {
      let tensor = this.#state.get(input.name) ?? this.#tables.get(input.name);
      if (tensor === undefined) {
        tensor = staged[input.name] ?? (await this.#upload(call, input, feeds, run));
        fed.push(tensor);
      }
      inputs[input.name] = tensor;
    }
    const { outputs, times } =
      onKernels === undefined || executable.profile === undefined
        ? { outputs: await executable.run(inputs), times: [] }
        : await executable.profile(inputs);
    onKernels?.(times);
    for (const tensor of fed) this.#backend.release(tensor);
    for (const { name } of program.outputs) {
      const old = this.#state.get(name);
      if (old === undefined) continue;
      // What the program reads was donated.
      if (inputs[name] === undefined) this.#backend.release(old);
      this.#state.set(name, required(outputs, name));
    }
    return metricNames(this.plan, program).map((name) => ({
      name,
      tensor: required(outputs, name),
    }));
  }

  /** What a run of a call reads of the feeds. */
  #upload(call: PlanCall, input: ProgramInput, feeds: Feeds, run: number): Promise<DeviceTensor> {
    const { program } = this.#executables.get(call.program) as Executable;
    const shared = rowsOf(this.plan, call, program, this.#backend) ?? [];
    return this.#backend.upload(
      input.name === call.rows
        ? rowNumbers(input, run, call.repeat, this.#backend.info)
        : portion(input, required(feeds, input.name), run, call.repeat),
      shared.includes(input.name) ? input.shape[0] : undefined,
    );
  }

  #zeros({ name, shape }: StateSpec): Promise<DeviceTensor> {
    const inputs = Object.values(this.plan.programs).flatMap((program) => program.inputs);
    const double = inputs.find((input) => input.name === name)?.dtype === 'f64';
    const count = elementCount(shape);
    return this.#backend.upload(
      double
        ? { dtype: 'f64', shape, data: new Float64Array(count) }
        : { dtype: 'f32', shape, data: new Float32Array(count) },
    );
  }
}

/** A metric as a call left it on the device. */
interface Told {
  readonly name: string;
  readonly tensor: DeviceTensor;
  /** Of so many calls the step's is the mean. */
  readonly repeat: number;
}

interface CallOptions {
  /** Which of the repeats of this call it is. */
  readonly run: number;
  readonly staged: StagedFeeds;
  readonly onKernels: RunStepOptions['onKernels'];
}

/**
 * The inputs of a call whose rows the devices share; undefined where it runs on one: where the batch does not divide, which
 * a run refuses (`requireSplit`).
 */
function rowsOf(
  plan: Plan,
  { repeat }: PlanCall,
  program: Program,
  { info: { devices = 1 } }: Backend,
): readonly string[] | undefined {
  const parts = Math.max(...plan.calls.map((call) => call.repeat));
  if (plan.batch === undefined || (plan.batch / parts) % devices !== 0) return undefined;
  const kept = new Set([...plan.state, ...plan.scratch].map(({ name }) => name));
  return rowInputs(program, plan.batch / repeat, kept);
}

/** Every input that an output of its own name replaces. */
function donations(plan: Plan, program: Plan['programs'][string]): Named<string> {
  const kept = new Set([...plan.state, ...plan.scratch].map(({ name }) => name));
  const replaced = new Set(program.outputs.map(({ name }) => name));
  const names = program.inputs.map(({ name }) => name);
  const donated = names.filter((name) => kept.has(name) && replaced.has(name));
  return Object.fromEntries(donated.map((name) => [name, name]));
}

/** The run-th of `repeat` equal parts of the rows that this process has of a data input; schedule scalars are fed whole. */
function portion(input: ProgramInput, tensor: HostTensor, run: number, repeat: number): HostTensor {
  if (repeat === 1 || input.role !== 'data') return tensor;
  const { dtype } = tensor;
  const [rows = 0, ...rest] = tensor.shape;
  const count = tensor.data.length / repeat;
  const data: HostData = tensor.data.subarray(run * count, (run + 1) * count);
  return { dtype, shape: [rows / repeat, ...rest], data };
}

/** The numbers, in the whole batch, of the rows that `portion` gives. */
function rowNumbers(
  { dtype, shape }: ProgramInput,
  run: number,
  repeat: number,
  { processes = 1, process = 0 }: Backend['info'],
): HostTensor {
  const length = elementCount(shape) / processes;
  const first = (process * repeat + run) * length;
  return { dtype, shape: [length], data: Int32Array.from({ length }, (_, i) => first + i) };
}

function stored<T>(tensors: ReadonlyMap<string, T>, name: string): T {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw missing(name);
  return tensor;
}

function required<T>(named: Named<T>, name: string): T {
  const value = named[name];
  if (value === undefined) throw missing(name);
  return value;
}

function missing(name: string): LacunaError {
  return new LacunaError({ what: 'a tensor is missing', got: name });
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
