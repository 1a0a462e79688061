import type { Backend, HostTensor, Named } from '../core/backend.js';
import { oneCallPlan, PlanRunner } from '../core/plan/index.js';
import { initialTensor, tableTensor } from '../run/initialize.js';
import { withProgram } from '../run/open-program.js';
import {
  biasCorrection,
  LacunaError,
  learningRate,
  linearProbeLogits,
  linearProbeModel,
  type StateSpec,
} from '../spec/index.js';

/** Features with the class of each: see `extractFeatures`. */
export interface LabelledFeatures {
  /** D. */
  readonly width: number;
  /** [N, D], row by row. */
  readonly values: Float32Array;
  readonly labels: readonly string[];
}

export interface LinearProbeOptions {
  /** Of the first weights. @defaultValue 0 */
  readonly seed?: number;
  /** Steps over all training clips at once. @defaultValue 300 */
  readonly steps?: number;
  /** The highest rate; a tenth of the steps warm up, a cosine leads to 0. @defaultValue 0.02 */
  readonly learningRate?: number;
}

/** How well classes can be read off frozen features by a linear map. */
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

const ADAM = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 };

/**
 * Trains batch norm (without affine) and a linear classifier on `train`, all clips in each step, by
 * Adam without decay, and judges `test`. A function of its arguments and, where the backend is
 * deterministic, nothing else.
 *
 * @throws LacunaError where the sets do not fit together or there is one class only.
 */
export async function linearProbe(
  backend: Backend,
  train: LabelledFeatures,
  test: LabelledFeatures,
  options: LinearProbeOptions = {},
): Promise<LinearProbeResult> {
  const { seed = 0, steps = 300, learningRate: peak = 0.02 } = options;
  const classes = [...new Set(train.labels)].sort();
  check(train, test, classes);
  const config = { width: train.width, classes: classes.length };
  const plan = oneCallPlan(linearProbeModel(config, train.labels.length), { optimizer: ADAM });
  const schedule = {
    peak,
    minimum: 0,
    warmupSteps: Math.ceil(steps / 10),
    totalSteps: steps,
    warmup: 'mae',
  } as const;
  const labels = Int32Array.from(train.labels, (label) => classes.indexOf(label));
  const data: Named<HostTensor> = {
    features: featureTensor(train),
    labels: { dtype: 'i32', shape: [labels.length], data: labels },
  };
  const start = (spec: StateSpec): HostTensor => initialTensor(spec, seed);
  const runner = await PlanRunner.open(backend, plan, start, tableTensor);
  const state: Record<string, HostTensor> = {};
  let loss = Number.NaN;
  try {
    for (let step = 0; step < steps; step++) {
      const metrics = await runner.step({
        ...data,
        'schedule.lr': scalar(learningRate(schedule, step)),
        'schedule.correction1': scalar(biasCorrection(ADAM.beta1, step + 1)),
        'schedule.correction2': scalar(biasCorrection(ADAM.beta2, step + 1)),
      });
      loss = metrics.loss ?? Number.NaN;
    }
    for (const { name, role } of plan.state) {
      if (role !== 'optimizer') state[name] = await runner.download(name);
    }
  } finally {
    await runner.dispose();
  }
  const top1 = async (set: LabelledFeatures): Promise<number> => {
    const program = linearProbeLogits(config, set.labels.length);
    const outputs = await withProgram({ backend, state }, program, (run) =>
      run({ features: featureTensor(set) }),
    );
    const logits = outputs.logits?.data as Float32Array;
    const right = set.labels.filter((label, row) => {
      const own = logits.subarray(row * classes.length, (row + 1) * classes.length);
      return classes[highest(own)] === label;
    });
    return right.length / set.labels.length;
  };
  return {
    top1: await top1(test),
    trainTop1: await top1(train),
    chance: 1 / classes.length,
    majority: share(test.labels, mostFrequent(train.labels)),
    classes,
    loss,
  };
}

/** The index of the highest; of equals the lower one. */
function highest(values: Float32Array): number {
  let best = 0;
  values.forEach((value, index) => {
    if (value > (values[best] as number)) best = index;
  });
  return best;
}

function mostFrequent(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted[0]?.[0] ?? '';
}

function share(labels: readonly string[], label: string): number {
  return labels.filter((each) => each === label).length / labels.length;
}

function featureTensor({ values, width, labels }: LabelledFeatures): HostTensor {
  return { dtype: 'f32', shape: [labels.length, width], data: values };
}

function scalar(value: number): HostTensor {
  return { dtype: 'f32', shape: [], data: Float32Array.of(value) };
}

function check(train: LabelledFeatures, test: LabelledFeatures, classes: readonly string[]): void {
  for (const [where, { values, width, labels }] of Object.entries({ train, test })) {
    if (labels.length > 0 && values.length === labels.length * width && width === train.width) {
      continue;
    }
    throw new LacunaError({
      where: `the features to ${where} a linear probe`,
      what: 'features and labels do not fit together',
      got: `${values.length} numbers, width ${width}, ${labels.length} labels`,
      expected: `at least one label, and ${train.width} numbers for each`,
    });
  }
  if (classes.length < 2) {
    throw new LacunaError({
      what: 'a linear probe needs at least two classes to tell apart',
      got: `"${classes[0]}" alone`,
    });
  }
  const unknown = test.labels.find((label) => !classes.includes(label));
  if (unknown === undefined) return;
  throw new LacunaError({
    what: 'a class of the test clips is not among the training clips',
    got: `"${unknown}"`,
    expected: `one of ${classes.slice(0, 20).join(', ')}`,
  });
}
