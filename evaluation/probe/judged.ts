import { classRank, type ShareInterval, wilsonInterval } from '../../spec/index.js';

/** What became of each clip that a classifier was shown. */
export interface Judged {
  /** The class that it named, by number; of equals the lower. */
  readonly named: Int32Array;
  /** The place of the right class, from 0: see `classRank`. */
  readonly ranks: Int32Array;
}

/** A share of clips with its interval, as a score. */
export interface ProbeScores {
  /** The share of test clips whose class has the highest score, and its interval (Wilson, 95 %). */
  readonly top1: ShareInterval;
  /** Whose class is among the five highest; of fewer than six classes it says nothing. */
  readonly top5: ShareInterval;
  /** The share of the clips that were learned from. */
  readonly trainTop1: number;
  /** 1 / C: what guessing evenly gets. */
  readonly chance: number;
  /** What naming the most frequent training class gets on the test clips. */
  readonly majority: number;
}

/** Judges scores [N, C] of clips, row by row. @param right The number of each clip's class. */
export function judgedScores(scores: Float32Array, right: Int32Array): Judged {
  const classes = scores.length / right.length;
  const named = new Int32Array(right.length);
  const ranks = Int32Array.from(right, (own, clip) => {
    const row = scores.subarray(clip * classes, (clip + 1) * classes);
    named[clip] = highest(row);
    return classRank(row, own);
  });
  return { named, ranks };
}

/** How many of the clips have their class among the first k. */
export function hits({ ranks }: Pick<Judged, 'ranks'>, k: number): number {
  return ranks.reduce((count, rank) => count + (rank < k ? 1 : 0), 0);
}

/** The scores of a probe on test clips, from what became of each. */
export function probeScores(
  test: Judged,
  train: Judged,
  classes: readonly string[],
  labels: { readonly train: readonly string[]; readonly test: readonly string[] },
): ProbeScores {
  const clips = test.ranks.length;
  const common = mostFrequent(labels.train);
  return {
    top1: wilsonInterval(hits(test, 1), clips),
    top5: wilsonInterval(hits(test, 5), clips),
    trainTop1: hits(train, 1) / train.ranks.length,
    chance: 1 / classes.length,
    majority: labels.test.filter((label) => label === common).length / clips,
  };
}

/** How often clips of class i (rows) were named class j: [C][C], as pairs that occur, by rows. */
export interface Confusion {
  readonly right: string;
  readonly named: string;
  readonly clips: number;
}

/** The cells of the confusion matrix that are not 0, in the order of the classes. */
export function confusion(
  { named }: Pick<Judged, 'named'>,
  labels: readonly string[],
  classes: readonly string[],
): readonly Confusion[] {
  const counts = new Map<string, Map<number, number>>();
  labels.forEach((label, clip) => {
    const row = counts.get(label) ?? new Map<number, number>();
    counts.set(label, row);
    const cell = named[clip] as number;
    row.set(cell, (row.get(cell) ?? 0) + 1);
  });
  return classes.flatMap((right) =>
    [...(counts.get(right) ?? [])]
      .sort(([a], [b]) => a - b)
      .map(([cell, clips]) => ({ right, named: classes[cell] ?? '', clips })),
  );
}

/** The number of each clip's class. */
export function classNumbers(labels: readonly string[], classes: readonly string[]): Int32Array {
  const numbers = new Map(classes.map((name, number) => [name, number]));
  return Int32Array.from(labels, (label) => numbers.get(label) ?? -1);
}

/** The index of the highest; of equals the lower one. NaN is never higher. */
function highest(values: Float32Array): number {
  let best = 0;
  values.forEach((value, index) => {
    const top = values[best] as number;
    if (value > top || (Number.isNaN(top) && !Number.isNaN(value))) best = index;
  });
  return best;
}

function mostFrequent(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted[0]?.[0] ?? '';
}
