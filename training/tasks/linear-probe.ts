import type { Backend, HostTensor } from '../../core/backend.js';
import { oneCallPlan, type Plan } from '../../core/plan/index.js';
import {
  featureTensor,
  judgeProbe,
  type LabelledFeatures,
  type ProbeScores,
  probeClasses,
} from '../../evaluation/index.js';
import { initialTensor } from '../../run/initialize.js';
import type { ProbeSettings } from '../../run/manifest.js';
import { linearProbeModel } from '../../spec/index.js';
import { train as trainTask } from '../loop.js';
import type { Task, TaskBatch } from '../task.js';

export interface LinearProbeOptions {
  /** Of the first weights. @defaultValue 0 */
  readonly seed?: number;
  /** Steps over all training clips at once. @defaultValue 300 */
  readonly steps?: number;
  /** The highest rate; a tenth of the steps warm up, a cosine leads to 0. @defaultValue 0.02 */
  readonly learningRate?: number;
}

export const PROBE_DEFAULTS = { seed: 0, steps: 300, learningRate: 0.02 } as const;

export interface LinearProbeResult extends ProbeScores {
  readonly classes: readonly string[];
  /** The mean cross-entropy before the last step. */
  readonly loss: number;
}

/** The clips of a probe: those that it learns from and those that it is judged by. */
export interface ProbeSets {
  readonly train: LabelledFeatures;
  readonly test: LabelledFeatures;
}

const ADAM = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/**
 * Trains batch norm (without affine) and a linear classifier on `train`, all clips in each step, by
 * Adam without decay, and judges `test`. A function of its arguments and, where the backend is
 * deterministic, nothing else. Nothing is written: `probe` does so.
 *
 * @throws LacunaError where the sets do not fit together or there is one class only.
 */
export async function linearProbe(
  backend: Backend,
  train: LabelledFeatures,
  test: LabelledFeatures,
  options: LinearProbeOptions = {},
): Promise<LinearProbeResult> {
  const settings = { ...PROBE_DEFAULTS, ...options };
  const sets = { train, test };
  const classes = probeClasses(train, test);
  const task = linearProbeTask(sets, classes, probePlan(train, classes), backend, {
    ...settings,
    evaluateEvery: settings.steps,
    checkpoints: { everySteps: settings.steps, keep: 1 },
    backend: { name: backend.info.name },
  });
  let loss = Number.NaN;
  const { state } = await trainTask(
    { ...task, evaluation: undefined },
    {
      backend,
      onEvent: (event) => {
        if (event.kind === 'step') loss = event.metrics.loss ?? Number.NaN;
      },
    },
  );
  return { ...(await judgeProbe({ backend, state }, classes, train, test)), classes, loss };
}

/** What a step of a probe computes, on all clips that it learns from. */
export function probePlan({ width, labels }: LabelledFeatures, classes: readonly string[]): Plan {
  const model = linearProbeModel({ width, classes: classes.length }, labels.length);
  return oneCallPlan(model, { optimizer: ADAM });
}

/** A linear probe as the loop sees it: every step reads all clips, so an epoch is a step. */
export function linearProbeTask(
  { train, test }: ProbeSets,
  classes: readonly string[],
  plan: Plan,
  backend: Backend,
  settings: Pick<
    ProbeSettings,
    'seed' | 'steps' | 'learningRate' | 'evaluateEvery' | 'checkpoints' | 'backend'
  >,
): Task<TaskBatch> {
  const { seed, steps, learningRate: peak, evaluateEvery, checkpoints } = settings;
  const numbers = Int32Array.from(train.labels, (label) => classes.indexOf(label));
  const labels: HostTensor = { dtype: 'i32', shape: [numbers.length], data: numbers };
  const feeds = { features: featureTensor(train), labels };
  const warmupSteps = Math.ceil(steps / 10);
  return {
    plan,
    settings: {
      optimizer: ADAM,
      lossScaling: { kind: 'none' },
      checkpoints,
      backend: settings.backend,
    },
    schedule: { peak, minimum: 0, warmupSteps, totalSteps: steps, warmup: 'mae' },
    clips: train.labels.length,
    initial: (spec) => initialTensor(spec, seed),
    feeds: async () => feeds,
    batches: async (doneSteps) => {
      let epoch = doneSteps;
      return {
        next: async () => ({ epoch: epoch++, ids: ['all clips of the probe'], problems: [] }),
        close: async () => {},
      };
    },
    evaluation: {
      everySteps: evaluateEvery,
      run: async (state) => {
        const { top1, trainTop1, chance, majority } = await judgeProbe(
          { backend, state },
          classes,
          train,
          test,
        );
        return [
          { evaluator: 'linear-probe', scores: { top1, train_top1: trainTop1, chance, majority } },
        ];
      },
    },
  };
}
