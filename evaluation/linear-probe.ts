import type { HostTensor } from '../core/backend.js';
import { type TrainedModel, withProgram } from '../run/open-program.js';
import { LacunaError, linearProbeLogits } from '../spec/index.js';

/** Features with the class of each: see `extractFeatures`. */
export interface LabelledFeatures {
  /** D. */
  readonly width: number;
  /** [N, D], row by row. */
  readonly values: Float32Array;
  readonly labels: readonly string[];
  /** The names of the clips, for messages. @defaultValue their rows, from 1 */
  readonly ids?: readonly string[] | undefined;
}

/** How well classes can be read off frozen features by a linear map. */
export interface ProbeScores {
  /** The share of test clips whose class has the highest logit. */
  readonly top1: number;
  /** The same of the clips that it was trained on. */
  readonly trainTop1: number;
  /** 1 / C: what guessing evenly gets. */
  readonly chance: number;
  /** What naming the most frequent training class gets on the test clips. */
  readonly majority: number;
}

/**
 * Judges a trained probe.
 *
 * @param probe The state of `linearProbeModel`, and where to run it.
 * @param classes In the order of its logits: see `probeClasses`.
 */
export async function judgeProbe(
  probe: Pick<TrainedModel, 'backend' | 'state'>,
  classes: readonly string[],
  train: LabelledFeatures,
  test: LabelledFeatures,
): Promise<ProbeScores> {
  const top1 = async (set: LabelledFeatures): Promise<number> => {
    const config = { width: set.width, classes: classes.length };
    const program = linearProbeLogits(config, set.labels.length);
    const outputs = await withProgram(probe, program, (run) =>
      run({ features: featureTensor(set) }),
    );
    const logits = outputs.logits?.data as Float32Array;
    refuseNotFinite('logit', { ...set, values: logits, width: classes.length });
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
  };
}

/**
 * The classes of a probe, in the order of its logits.
 * @throws LacunaError where the sets do not fit together, there is one class only, or a feature is not
 * finite: the classifier would be made of NaN, and its score look like chance.
 */
export function probeClasses(train: LabelledFeatures, test: LabelledFeatures): readonly string[] {
  const classes = [...new Set(train.labels)].sort();
  for (const [where, set] of Object.entries({ train, test })) {
    const { values, width, labels } = set;
    if (labels.length > 0 && values.length === labels.length * width && width === train.width) {
      refuseNotFinite('feature', set);
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
      fix: 'Give clips of another class, too.',
    });
  }
  const unknown = test.labels.find((label) => !classes.includes(label));
  if (unknown === undefined) return classes;
  throw new LacunaError({
    what: 'a class of the test clips is not among the training clips',
    got: `"${unknown}"`,
    expected: `one of ${classes.slice(0, 20).join(', ')}`,
    fix: 'Leave these clips out, or give clips of this class to learn from.',
  });
}

/** Refuses numbers [N, width] that are not finite in f32, or whose squares are not: a variance is made of them. */
function refuseNotFinite(name: string, { values, width, labels, ids }: LabelledFeatures): void {
  const at = values.findIndex((value) => !Number.isFinite(Math.fround(value * value)));
  if (at === -1) return;
  const row = Math.floor(at / width);
  throw new LacunaError({
    where: ids?.[row] ?? `clip ${row + 1} of ${labels.length}, of class "${labels[row]}"`,
    what: `a ${name} of this clip is not finite, or too large to be squared`,
    got: String(values[at]),
    fix: 'Look whether the encoder diverged and whether the clip is damaged; leave the clip out.',
  });
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

/** `features` f32 [N, D]. */
export function featureTensor({ values, width, labels }: LabelledFeatures): HostTensor {
  return { dtype: 'f32', shape: [labels.length, width], data: values };
}
