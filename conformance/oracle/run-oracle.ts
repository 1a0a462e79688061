import type { Backend, DeviceTensor, HostTensor, Named } from '../../core/backend.js';
import { momentName, type StateSpec } from '../../spec/index.js';
import { isStateRole } from '../../spec/program/index.js';
import { sampledPositions } from './hashed.js';
import { type OracleModel, oracleInput, oracleStart, tokenRows } from './oracle-model.js';
import { type OracleStep, oracleStep } from './oracle-step.js';

/** Steps of the oracle. */
export const ORACLE_STEPS = 3;
/** 2^-13: near VideoMAE's 1.5e-4, and exact in float32. */
export const ORACLE_RATE: number = 2 ** -13;

/** Sampled elements of a parameter and of its moments. */
export type Samples = Readonly<Record<'p' | 'm' | 'v', Float64Array>>;

/** One step on a backend. */
export interface RanStep {
  /** Losses and `grad_norm`. */
  readonly metrics: Named<number>;
  /** The samples of each parameter's gradient. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
  /** The Euclidean norm of each parameter's whole gradient, added up in double. */
  readonly norms: ReadonlyMap<string, number>;
  /** The samples of each parameter after it. */
  readonly after: ReadonlyMap<string, Samples>;
}

/** What the steps of a model left. */
export interface OracleRun {
  readonly parameters: readonly StateSpec[];
  readonly start: ReadonlyMap<string, Samples>;
  readonly steps: readonly RanStep[];
  /** Running statistics after the last step. */
  readonly statistics: ReadonlyMap<string, Float64Array>;
  readonly compileSeconds: number;
}

/** Runs the steps of an oracle's model and keeps the samples. Tensors are downloaded one at a time. */
export async function runOracle(
  backend: Backend,
  model: OracleModel,
  float: 'f32' | 'f64',
): Promise<OracleRun> {
  const step = oracleStep(model, float);
  const kept = new Set(step.state.map(({ name }) => name));
  const donate = Object.fromEntries(
    step.program.outputs.filter(({ name }) => kept.has(name)).map(({ name }) => [name, name]),
  );
  const executable = await backend.compile(step.program, { donate });
  const positions = positionsOf(model, step.parameters);
  const [start, held] = await upload(backend, model, step, positions, float);
  const steps: RanStep[] = [];
  try {
    for (let nth = 1; nth <= ORACLE_STEPS; nth++) {
      const schedule = await uploadSchedule(backend, model, float, nth);
      const outputs = await executable.run({ ...Object.fromEntries(held), ...schedule });
      for (const tensor of Object.values(schedule)) backend.release(tensor);
      for (const name of kept) {
        const next = outputs[name];
        if (next !== undefined) held.set(name, next);
      }
      steps.push(await keep(backend, outputs, held, positions));
    }
    const statistics = new Map<string, Float64Array>();
    for (const { name, role } of step.state) {
      const tensor = held.get(name);
      if (role !== 'statistic' || tensor === undefined) continue;
      statistics.set(name, Float64Array.from((await backend.download(tensor)).data));
    }
    const { compileSeconds } = executable;
    return { parameters: step.parameters, start, steps, statistics, compileSeconds };
  } finally {
    for (const tensor of held.values()) backend.release(tensor);
    await executable.dispose();
  }
}

/** The sampled positions of each parameter. */
export function positionsOf(
  model: OracleModel,
  parameters: readonly StateSpec[],
): ReadonlyMap<string, Int32Array> {
  const rows = tokenRows(model);
  return new Map(
    parameters.map(({ name, shape }) => [
      name,
      sampledPositions(name, shape, name === 'text.tokens' ? rows : []),
    ]),
  );
}

/** The scalars of update `nth`, counted from 1. */
export function scheduleOf({ optimizer }: OracleModel, nth: number): Named<number> {
  return {
    'schedule.lr': ORACLE_RATE,
    'schedule.correction1': 1 - optimizer.beta1 ** nth,
    'schedule.correction2': 1 - optimizer.beta2 ** nth,
  };
}

async function upload(
  backend: Backend,
  model: OracleModel,
  { program, state }: OracleStep,
  positions: ReadonlyMap<string, Int32Array>,
  float: 'f32' | 'f64',
): Promise<readonly [ReadonlyMap<string, Samples>, Map<string, DeviceTensor>]> {
  const held = new Map<string, DeviceTensor>();
  const start = new Map<string, Samples>();
  for (const spec of state) {
    const tensor = oracleStart(spec, float);
    const at = positions.get(spec.name);
    if (at !== undefined) {
      const zeros = new Float64Array(at.length);
      start.set(spec.name, { p: sample(tensor, at), m: zeros, v: zeros });
    }
    held.set(spec.name, await backend.upload(tensor));
  }
  for (const input of program.inputs) {
    if (isStateRole(input.role) || input.role === 'schedule') continue;
    held.set(input.name, await backend.upload(oracleInput(model, input)));
  }
  return [start, held];
}

async function uploadSchedule(
  backend: Backend,
  model: OracleModel,
  float: 'f32' | 'f64',
  nth: number,
): Promise<Named<DeviceTensor>> {
  const found: Record<string, DeviceTensor> = {};
  for (const [name, value] of Object.entries(scheduleOf(model, nth))) {
    const data = float === 'f64' ? Float64Array.of(value) : Float32Array.of(value);
    found[name] = await backend.upload({ dtype: float, shape: [], data });
  }
  return found;
}

async function keep(
  backend: Backend,
  outputs: Named<DeviceTensor>,
  held: ReadonlyMap<string, DeviceTensor>,
  positions: ReadonlyMap<string, Int32Array>,
): Promise<RanStep> {
  const [metrics, gradients, norms, after] = [
    new Map<string, number>(),
    new Map<string, Float64Array>(),
    new Map<string, number>(),
    new Map<string, Samples>(),
  ];
  for (const [name, tensor] of Object.entries(outputs)) {
    if (held.get(name) === tensor) continue;
    const host = await backend.download(tensor);
    backend.release(tensor);
    const parameter = name.replace(/^grad\./, '');
    const at = positions.get(parameter);
    if (at === undefined) metrics.set(name, host.data[0] ?? Number.NaN);
    else {
      gradients.set(parameter, sample(host, at));
      norms.set(parameter, norm(host));
    }
  }
  for (const [name, at] of positions) {
    const read = async (own: string): Promise<Float64Array> =>
      sample(await backend.download(held.get(own) as DeviceTensor), at);
    const [m, v] = [momentName('m', name), momentName('v', name)];
    after.set(name, { p: await read(name), m: await read(m), v: await read(v) });
  }
  return { metrics: Object.fromEntries(metrics), gradients, norms, after };
}

function sample({ data }: HostTensor, positions: Int32Array): Float64Array {
  return Float64Array.from(positions, (at) => data[at] ?? Number.NaN);
}

function norm({ data }: HostTensor): number {
  let total = 0;
  for (let i = 0; i < data.length; i++) total += (data[i] as number) ** 2;
  return Math.sqrt(total);
}
