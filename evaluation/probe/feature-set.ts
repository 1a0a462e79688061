import { LacunaError } from '../../spec/index.js';

/** Features in memory, one vector a clip, with the class of each: see `extractFeatures`. */
export interface LabelledFeatures {
  /** D. */
  readonly width: number;
  /** [N, D], row by row. */
  readonly values: Float32Array;
  readonly labels: readonly string[];
  /** The names of the clips, for messages. @defaultValue their rows, from 1 */
  readonly ids?: readonly string[] | undefined;
}

/** Features of labelled clips, wherever they lie. */
export interface FeatureSet {
  /** D. */
  readonly width: number;
  /** K, where a clip has so many tokens, and not one vector. */
  readonly tokens?: number | undefined;
  readonly labels: readonly string[];
  readonly ids?: readonly string[] | undefined;
  /** Those of the clips at these places, one after the other: [places, D] or [places, K, D]. */
  rows(places: readonly number[]): Promise<Float32Array>;
}

/** Numbers of one clip. */
export function featureSize({ width, tokens = 1 }: Pick<FeatureSet, 'width' | 'tokens'>): number {
  return width * tokens;
}

/** @throws LacunaError where features and labels do not fit together. */
export function featuresInMemory({ values, width, labels, ids }: LabelledFeatures): FeatureSet {
  if (labels.length === 0 || values.length !== labels.length * width) {
    throw new LacunaError({
      where: 'the features of a probe',
      what: 'features and labels do not fit together',
      got: `${values.length} numbers, width ${width}, ${labels.length} labels`,
      expected: `at least one label, and ${width} numbers for each`,
    });
  }
  return {
    width,
    labels,
    ids,
    rows: async (places) => {
      const chosen = new Float32Array(places.length * width);
      places.forEach((place, row) => {
        chosen.set(values.subarray(place * width, (place + 1) * width), row * width);
      });
      return chosen;
    },
  };
}

/** The clips of a set at these places, as a set. */
export function featureSubset(set: FeatureSet, places: readonly number[]): FeatureSet {
  const of = (list: readonly string[]): readonly string[] =>
    places.map((place) => list[place] as string);
  return {
    ...set,
    labels: of(set.labels),
    ids: set.ids === undefined ? undefined : of(set.ids),
    rows: (own) => set.rows(own.map((place) => places[place] as number)),
  };
}

/** The places 0 ... n - 1, so many at a time. */
export function* places(count: number, size: number): Generator<readonly number[]> {
  for (let start = 0; start < count; start += size) {
    yield Array.from({ length: Math.min(size, count - start) }, (_, index) => start + index);
  }
}

/** Clips that are looked at together. */
const CHUNK = 64;

/**
 * Refuses features that are not finite in f32, or whose squares are not: a variance is made of them.
 * @throws LacunaError that names the clip.
 */
export async function refuseNotFinite(set: FeatureSet): Promise<void> {
  const size = featureSize(set);
  for (const chunk of places(set.labels.length, CHUNK)) {
    const values = await set.rows(chunk);
    const at = values.findIndex((value) => !Number.isFinite(Math.fround(value * value)));
    if (at === -1) continue;
    throw notFinite('feature', set, chunk[Math.floor(at / size)] as number, values[at]);
  }
}

/** A number of a clip that nothing can be learned from. */
export function notFinite(
  what: string,
  { ids, labels }: Pick<FeatureSet, 'ids' | 'labels'>,
  row: number,
  value: number | undefined,
): LacunaError {
  return new LacunaError({
    where: ids?.[row] ?? `clip ${row + 1} of ${labels.length}, of class "${labels[row]}"`,
    what: `a ${what} of this clip is not finite, or too large to be squared`,
    got: String(value),
    fix: 'Look whether the encoder diverged and whether the clip is damaged; leave the clip out.',
  });
}

/**
 * The classes of a probe, sorted: the order of its logits.
 * @throws LacunaError where the sets do not fit together or there is one class only.
 */
export function probeClasses(
  train: Pick<FeatureSet, 'labels' | 'width' | 'tokens'>,
  test: Pick<FeatureSet, 'labels' | 'width' | 'tokens'>,
): readonly string[] {
  const classes = [...new Set(train.labels)].sort();
  if (train.width !== test.width || train.tokens !== test.tokens) {
    throw new LacunaError({
      where: 'the features of a probe',
      what: 'those to learn from and those to judge by do not fit together',
      got: `widths ${train.width} and ${test.width}`,
    });
  }
  if (classes.length < 2) {
    throw new LacunaError({
      what: 'a probe needs at least two classes to tell apart',
      got: `"${classes[0]}" alone`,
      fix: 'Give clips of another class, too.',
    });
  }
  const known = new Set(classes);
  const unknown = test.labels.find((label) => !known.has(label));
  if (unknown === undefined) return classes;
  throw new LacunaError({
    what: 'a class of the test clips is not among the training clips',
    got: `"${unknown}"`,
    expected: `one of ${classes.slice(0, 20).join(', ')}`,
    fix: 'Leave these clips out, or give clips of this class to learn from.',
  });
}
