import type { Backend } from '../../core/backend.js';
import {
  featuresInMemory,
  type Judged,
  type LabelledFeatures,
  probeClasses,
  probeScores,
  refuseNotFinite,
  shareOf,
} from '../../evaluation/index.js';
import { train as trainTask } from '../loop.js';
import { judgeState, probePlan, probeTask } from './probe-task.js';

export interface LinearProbeOptions {
  /** Of the first weights. @defaultValue 0 */
  readonly seed?: number;
  /** Steps over all training clips at once. @defaultValue 300 */
  readonly steps?: number;
  /** The highest rate; a tenth of the steps warm up, a cosine leads to 0. @defaultValue 0.02 */
  readonly learningRate?: number;
}

const DEFAULTS = { seed: 0, steps: 300, learningRate: 0.02 } as const;

export interface LinearProbeResult {
  /** The share of test clips whose class has the highest logit. */
  readonly top1: number;
  /** The same of the clips that it was trained on. */
  readonly trainTop1: number;
  /** 1 / C: what guessing evenly gets. */
  readonly chance: number;
  /** What naming the most frequent training class gets on the test clips. */
  readonly majority: number;
  readonly classes: readonly string[];
  /** The mean cross-entropy before the last step. */
  readonly loss: number;
}

/**
 * Trains batch norm (without affine) and a linear classifier on `train`, all clips in each step, by
 * Adam without decay, and judges `test`. A function of its arguments and, where the backend is
 * deterministic, nothing else. Nothing is written, and nothing is chosen: `probe` does so.
 *
 * @throws LacunaError where the sets do not fit together or there is one class only.
 */
export async function linearProbe(
  backend: Backend,
  train: LabelledFeatures,
  test: LabelledFeatures,
  options: LinearProbeOptions = {},
): Promise<LinearProbeResult> {
  const { learningRate: rate, ...length } = { ...DEFAULTS, ...options };
  const sets = { train: featuresInMemory(train), test: featuresInMemory(test) };
  const classes = probeClasses(sets.train, sets.test);
  for (const set of [sets.train, sets.test]) await refuseNotFinite(set);
  const config = { kind: 'linear', statistics: 'all' } as const;
  const heads = {
    config: { ...config, width: train.width, classes: classes.length },
    choices: [{ rate, decay: 0 }],
    learn: sets.train,
    classes,
  };
  const settings = {
    ...length,
    evaluateEvery: length.steps,
    checkpoints: { everySteps: length.steps, keep: 1 },
    backend: { name: backend.info.name },
  };
  const task = probeTask(heads, settings, probePlan(heads, settings), async () => []);
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
  const judged = async (set: typeof sets.train) => {
    const [only] = await judgeState(backend, state, heads, set);
    return only as Judged; // there is one head
  };
  const [own, its] = [await judged(sets.train), await judged(sets.test)];
  const { trainTop1, chance, majority } = probeScores(its, own, classes, {
    train: train.labels,
    test: test.labels,
  });
  const top1 = shareOf(its.top1);
  return { top1, trainTop1, chance, majority, classes, loss };
}
