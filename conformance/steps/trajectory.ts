import type { Backend, HostTensor, Named } from '../../core/backend.js';
import type { Plan } from '../../core/plan/plan.js';
import { PlanRunner } from '../../core/plan/plan-runner.js';
import { oneCallPlan } from '../../core/plan/training-plan.js';
import { CONTRACTS, type ContractErrors } from '../../spec/contracts/index.js';
import { type ModelConfig, pretrainingModel } from '../../spec/index.js';
import type { Program } from '../../spec/program/index.js';
import { type Check, type Finding, verdictOf } from '../check.js';
import type { Subject } from '../subject.js';
import { FALSE_ALARM, LEGAL_RUNS, legalBackend } from './legal-spread.js';
import { studentQuantile } from './t-quantile.js';
import { stepInputs, TINY_JOINT, TINY_MAE } from './tiny-step.js';

const SHAPE = { batch: 2, visible: 3 };
const STEPS = 8;
/** The steps whose scalars are compared, fixed in advance. */
const COMPARED = [1, 2, 4, 8];
/** The envelope ends where legal runs lie so far apart, as a share of the loss. */
const SPREAD_LIMIT = 0.01;

/**
 * Eight steps of a tiny model: losses and gradient norms after 1, 2, 4 and 8 of them lie within
 * mean +- k s sqrt(1 + 1/n) of n = 32 random legal runs, k from Student's t for a false alarm in
 * 1e-6 of all runs of the suite.
 */
export const TRAJECTORY_CHECKS: readonly Check[] = [
  trajectory('trajectory/mae', TINY_MAE),
  trajectory('trajectory/joint', TINY_JOINT),
];

function trajectory(id: string, config: ModelConfig): Check {
  const run = async (subject: Subject): Promise<Finding> => {
    const { backend } = subject;
    if (backend === undefined) return verdictOf('unsupported', 'programs do not run on it');
    const training = trainingOf(config);
    const envelope = await envelopeOf(id, training, CONTRACTS[subject.info.contract]);
    const got = await scalars(backend, training);
    let worst: { ratio: number; finding: Finding['failure'] } = { ratio: 0, finding: undefined };
    let elements = 0;
    for (const { name, step, mean, radius } of envelope) {
      const was = got.get(`${name}@${step}`) ?? Number.NaN;
      const off = Math.abs(was - mean) / radius;
      const ratio = Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
      elements += 1;
      if (ratio <= worst.ratio) continue;
      const what = `out of the envelope of ${LEGAL_RUNS} legal runs after step ${step}`;
      const [low, high] = [mean - radius, mean + radius];
      const deviation = { output: name, index: [step], got: was, want: mean, low, high, ratio };
      worst = { ratio, finding: { address: id, what, deviation } };
    }
    const found = { cases: 1, elements, undecided: 0, worstRatio: worst.ratio };
    if (elements === 0)
      return { ...found, verdict: 'vacuous', reason: 'legal runs lie too far apart' };
    if (worst.finding === undefined || worst.ratio <= 1) return { ...found, verdict: 'pass' };
    return { ...found, verdict: 'fail', failure: worst.finding };
  };
  return { id, level: 4, clauses: ['trajectory.loss'], run };
}

interface Envelope {
  readonly name: string;
  readonly step: number;
  readonly mean: number;
  readonly radius: number;
}

/** Envelopes that were made in this process. */
const made = new Map<string, Promise<readonly Envelope[]>>();

function envelopeOf(
  id: string,
  training: Training,
  contract: ContractErrors,
): Promise<readonly Envelope[]> {
  const key = `${id} ${contract.name}`;
  const known = made.get(key) ?? makeEnvelope(training, contract);
  made.set(key, known);
  return known;
}

async function makeEnvelope(
  training: Training,
  contract: ContractErrors,
): Promise<readonly Envelope[]> {
  const runs: ReadonlyMap<string, number>[] = [];
  for (let member = 0; member < LEGAL_RUNS; member++) {
    runs.push(await scalars(legalBackend(contract, member), training));
  }
  const keys = [...(runs[0]?.keys() ?? [])];
  const limit = studentQuantile(LEGAL_RUNS - 1, FALSE_ALARM / (2 * keys.length));
  const envelope: Envelope[] = [];
  for (const key of keys) {
    const values = runs.map((run) => run.get(key) ?? Number.NaN);
    const mean = values.reduce((a, b) => a + b, 0) / LEGAL_RUNS;
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (LEGAL_RUNS - 1);
    // Float32 cannot say it finer than this.
    const deviation = Math.max(Math.sqrt(variance), Math.abs(mean) * 2 ** -24);
    if (deviation > SPREAD_LIMIT * Math.abs(mean)) continue;
    const [name = '', step = ''] = key.split('@');
    const radius = limit * deviation * Math.sqrt(1 + 1 / LEGAL_RUNS);
    envelope.push({ name, step: Number(step), mean, radius });
  }
  return envelope;
}

/** Eight steps of a model: what all who take them are given. */
interface Training {
  readonly plan: Plan;
  /** The state and the tables that it starts with. */
  readonly start: Named<HostTensor>;
  /** What each step is fed, the first step first. */
  readonly feeds: readonly Named<HostTensor>[];
}

function trainingOf(config: ModelConfig): Training {
  const plan = oneCallPlan(pretrainingModel(config, SHAPE), { gradientNorm: true });
  const program = plan.programs.step as Program;
  const scalar = (value: number): HostTensor => ({
    dtype: 'f32',
    shape: [],
    data: Float32Array.of(value),
  });
  return {
    plan,
    start: stepInputs(program, plan.state, { ...SHAPE, draw: 1 }),
    feeds: Array.from({ length: STEPS }, (_, done) => ({
      ...stepInputs(program, plan.state, { ...SHAPE, draw: 1, run: done + 1 }),
      'schedule.lr': scalar(1e-3),
      'schedule.correction1': scalar(1 - 0.9 ** (done + 1)),
      'schedule.correction2': scalar(1 - 0.95 ** (done + 1)),
    })),
  };
}

/** `loss@4` and its like, of eight steps on a backend. */
async function scalars(
  backend: Backend,
  { plan, start, feeds }: Training,
): Promise<ReadonlyMap<string, number>> {
  const runner = await PlanRunner.open(
    backend,
    plan,
    ({ name, shape }) => {
      const tensor = start[name];
      if (tensor === undefined) throw new Error(`no start for ${name}`);
      // Moments begin at 0, as in training.
      return name.startsWith('adamw.')
        ? { ...tensor, shape, data: new Float32Array(tensor.data.length) }
        : tensor;
    },
    ({ name }) => {
      const table = start[name];
      if (table === undefined) throw new Error(`no table ${name}`);
      return table;
    },
  );
  const found = new Map<string, number>();
  try {
    for (const [done, fed] of feeds.entries()) {
      const metrics = await runner.step(fed);
      if (!COMPARED.includes(done + 1)) continue;
      for (const [name, value] of Object.entries(metrics)) found.set(`${name}@${done + 1}`, value);
    }
  } finally {
    await runner.dispose();
  }
  return found;
}
