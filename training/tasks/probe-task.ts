import type { Backend, HostTensor, Named } from '../../core/backend.js';
import { oneCallPlan, type Plan } from '../../core/plan/index.js';
import { epochOrder } from '../../data/index.js';
import {
  classNumbers,
  type FeatureSet,
  featureTensor,
  type Judged,
  judgeHeads,
} from '../../evaluation/index.js';
import { initialTensor } from '../../run/initialize.js';
import type { ProbeSettings } from '../../run/manifest.js';
import { PROBE_RECIPES, type ProbeChoice, type ProbeHead } from '../../run/probe-recipes.js';
import { type ProbeLength, probeLength } from '../../run/run-length.js';
import {
  LacunaError,
  type ProbeModelConfig,
  probeModel,
  scaleLearningRate,
} from '../../spec/index.js';
import type { Evaluated, Task, TaskBatch, TaskStage } from '../task.js';

/** Adam's constants in every recipe that has it; decay is the candidates' own. */
const ADAM = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/** What a probe's training goes by, of its settings. */
export type ProbeTraining = Pick<
  ProbeSettings,
  'head' | 'seed' | 'steps' | 'epochs' | 'batch' | 'evaluateEvery' | 'checkpoints' | 'backend'
>;

/** Heads that are trained side by side on the same clips. */
export interface ProbeHeads {
  readonly config: ProbeModelConfig;
  readonly choices: readonly ProbeChoice[];
  readonly learn: FeatureSet;
  readonly classes: readonly string[];
}

/** What a step computes: the losses of all heads on a batch, and the update of each. */
export function probePlan(heads: ProbeHeads, settings: ProbeTraining): Plan {
  const { config, choices, learn } = heads;
  const { batch } = probeLength(settings, learn.labels.length);
  if (config.kind === 'linear' && config.statistics === 'running' && batch < 2) {
    throw new LacunaError({
      where: '--batch',
      what: 'batch norm needs at least two clips in a batch',
      got: String(batch),
    });
  }
  const peak = highest(choices);
  const candidates = choices.map(({ rate, decay }) => ({
    rateScale: rate / peak,
    weightDecay: decay,
  }));
  const { optimizer } = PROBE_RECIPES[settings.head ?? 'linear'];
  const model = probeModel(config, batch, candidates);
  return oneCallPlan(model, optimizer === 'lars' ? { lars: {} } : { optimizer: ADAM });
}

/** A probe as the loop sees it. */
export function probeTask(
  heads: ProbeHeads,
  settings: ProbeTraining,
  plan: Plan,
  judge: (state: Named<HostTensor>) => Promise<readonly Evaluated[]>,
  stage?: TaskStage,
): Task<ProbeBatch> {
  const { choices, learn, classes } = heads;
  const { head = 'linear', seed, evaluateEvery, checkpoints, backend } = settings;
  const length = probeLength(settings, learn.labels.length);
  const { batch, steps } = length;
  const { warmup, scalesRate } = PROBE_RECIPES[head];
  const rate = highest(choices);
  const numbers = classNumbers(learn.labels, classes);
  return {
    plan,
    settings: { optimizer: ADAM, lossScaling: { kind: 'none' }, checkpoints, backend },
    schedule: {
      peak: scalesRate ? scaleLearningRate(rate, batch) : rate,
      minimum: 0,
      warmupSteps: warmupSteps(head, warmup, steps),
      totalSteps: steps,
      warmup: 'mae',
    },
    clips: batch,
    stage,
    // Every candidate starts alike, whether it is trained alone or beside others.
    initial: (spec) => initialTensor({ ...spec, name: bareName(spec.name) }, seed),
    feeds: async ({ places }) => ({
      features: await featureTensor(learn, places),
      labels: {
        dtype: 'i32',
        shape: [places.length],
        data: Int32Array.from(places, (place) => numbers[place] as number),
      },
    }),
    batches: async (doneSteps) => {
      let step = doneSteps;
      return {
        next: async () => probeBatch(learn, length, seed, step++),
        close: async () => {},
      };
    },
    evaluation: { everySteps: evaluateEvery, run: judge },
  };
}

/** What trained heads make of a set. */
export function judgeState(
  backend: Backend,
  state: Named<HostTensor>,
  { config, choices, classes }: Omit<ProbeHeads, 'learn'>,
  set: FeatureSet,
): Promise<readonly Judged[]> {
  return judgeHeads({ backend, state }, config, choices.length, classes, set);
}

interface ProbeBatch extends TaskBatch {
  readonly places: readonly number[];
}

/** The clips of a step: a function of seed and step. Where a step reads all, they keep their order. */
function probeBatch(
  learn: FeatureSet,
  { batch, stepsPerEpoch }: ProbeLength,
  seed: number,
  step: number,
): ProbeBatch {
  const epoch = Math.floor(step / stepsPerEpoch);
  const start = (step % stepsPerEpoch) * batch;
  const clips = learn.labels.length;
  const order =
    batch === clips
      ? Int32Array.from({ length: clips }, (_, place) => place)
      : epochOrder(clips, seed, epoch);
  const places = [...order.subarray(start, start + batch)];
  const ids =
    batch === clips ? ['all clips of the probe'] : places.map((place) => nameOf(learn, place));
  return { epoch, ids, problems: [], places };
}

function nameOf({ ids }: FeatureSet, place: number): string {
  return ids?.[place] ?? `clip ${place + 1}`;
}

function highest(choices: readonly ProbeChoice[]): number {
  return choices.reduce((most, { rate }) => Math.max(most, rate), 0);
}

/** MAE counts whole epochs; a tenth of few steps is rounded up. */
function warmupSteps(head: ProbeHead, share: number, steps: number): number {
  return head === 'linear' ? Math.ceil(steps * share) : Math.round(steps * share);
}

/** A name without the candidate that it is of. */
function bareName(name: string): string {
  return name.replace(/(^|\.)candidate\.\d+\./, '$1');
}
