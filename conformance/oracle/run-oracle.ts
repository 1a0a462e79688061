import type { Backend, HostTensor, Named } from '../../core/backend.js';
import type { Plan } from '../../core/plan/plan.js';
import { PlanRunner } from '../../core/plan/plan-runner.js';
import { momentName, type StateSpec } from '../../spec/index.js';
import { sampledPositions } from './hashed.js';
import { type OracleModel, oracleInput, oracleStart, tokenRows } from './oracle-model.js';
import { oracleStep } from './oracle-step.js';

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

/**
 * Runs the steps of an oracle's model and keeps the samples. Tensors are downloaded one at a time.
 *
 * @param microbatches Parts that the batch is run in. @defaultValue 1
 */
export async function runOracle(
  backend: Backend,
  model: OracleModel,
  float: 'f32' | 'f64',
  microbatches: number = 1,
): Promise<OracleRun> {
  const { plan, parameters } = oracleStep(model, float, microbatches);
  const positions = positionsOf(model, parameters);
  const start = new Map<string, Samples>();
  const starting = (spec: StateSpec): HostTensor => {
    const tensor = oracleStart(spec, float);
    const at = positions.get(spec.name);
    if (at !== undefined) {
      const zeros = new Float64Array(at.length);
      start.set(spec.name, { p: sample(tensor, at), m: zeros, v: zeros });
    }
    return tensor;
  };
  const data = feedsOf(model, plan);
  const runner = await PlanRunner.open(backend, plan, starting, (table) =>
    oracleInput(model, table),
  );
  const steps: RanStep[] = [];
  try {
    for (let nth = 1; nth <= ORACLE_STEPS; nth++) {
      const metrics = await runner.step({ ...data, ...scheduleTensors(model, float, nth) });
      steps.push({ metrics, ...(await keep(runner, positions)) });
    }
    const statistics = new Map<string, Float64Array>();
    for (const { name, role } of plan.state) {
      if (role === 'statistic')
        statistics.set(name, Float64Array.from((await runner.download(name)).data));
    }
    return { parameters, start, steps, statistics, compileSeconds: runner.compileSeconds };
  } finally {
    await runner.dispose();
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

/** The data of the whole batch. */
function feedsOf(model: OracleModel, { programs, calls, state, scratch }: Plan): Named<HostTensor> {
  const kept = new Set([...state, ...scratch].map(({ name }) => name));
  const fed: Record<string, HostTensor> = {};
  for (const { program, repeat, rows } of calls) {
    for (const input of programs[program]?.inputs ?? []) {
      if (input.role !== 'data' || kept.has(input.name) || input.name === rows) continue;
      const [first = 1, ...rest] = input.shape;
      fed[input.name] = oracleInput(model, { ...input, shape: [repeat * first, ...rest] });
    }
  }
  return fed;
}

function scheduleTensors(model: OracleModel, float: 'f32' | 'f64', nth: number): Named<HostTensor> {
  return Object.fromEntries(
    Object.entries(scheduleOf(model, nth)).map(([name, value]) => {
      const data = float === 'f64' ? Float64Array.of(value) : Float32Array.of(value);
      return [name, { dtype: float, shape: [], data }];
    }),
  );
}

async function keep(
  runner: PlanRunner,
  positions: ReadonlyMap<string, Int32Array>,
): Promise<Omit<RanStep, 'metrics'>> {
  const [gradients, norms, after] = [
    new Map<string, Float64Array>(),
    new Map<string, number>(),
    new Map<string, Samples>(),
  ];
  for (const [name, at] of positions) {
    const gradient = await runner.download(`grad.${name}`);
    gradients.set(name, sample(gradient, at));
    norms.set(name, norm(gradient));
    const read = async (own: string): Promise<Float64Array> =>
      sample(await runner.download(own), at);
    const [m, v] = [momentName('m', name), momentName('v', name)];
    after.set(name, { p: await read(name), m: await read(m), v: await read(v) });
  }
  return { gradients, norms, after };
}

function sample({ data }: HostTensor, positions: Int32Array): Float64Array {
  return Float64Array.from(positions, (at) => data[at] ?? Number.NaN);
}

function norm({ data }: HostTensor): number {
  let total = 0;
  for (let i = 0; i < data.length; i++) total += (data[i] as number) ** 2;
  return Math.sqrt(total);
}
