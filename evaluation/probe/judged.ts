import { type ShareInterval, topClass, topShare, wilsonInterval } from '../../spec/index.js';

/** What became of each clip that a classifier was shown. */
export interface Judged {
  /** The class that it named, by number; of equals the lower. */
  readonly named: Int32Array;
  /** Whether the right class is the highest, and among the five highest; equal ones share: see `topShare`. */
  readonly top1: Float64Array;
  readonly top5: Float64Array;
}

/** A share of clips with its interval, as a score. */
export interface ProbeScores {
  /** The share of test clips whose class has the highest score, equal ones shared, and its interval (Wilson, 95 %). */
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

/**
 * Judges scores [N, C] of clips, row by row. A row with a NaN, of a head whose rate was too high, is wrong.
 *
 * @param right The number of each clip's class.
 */
export function judgedScores(scores: Float32Array, right: Int32Array): Judged {
  const classes = scores.length / right.length;
  const judged: Judged = {
    named: new Int32Array(right.length),
    top1: new Float64Array(right.length),
    top5: new Float64Array(right.length),
  };
  right.forEach((own, clip) => {
    const row = scores.subarray(clip * classes, (clip + 1) * classes);
    judged.named[clip] = topClass(row);
    if (row.some(Number.isNaN)) return;
    judged.top1[clip] = topShare(row, own, 1);
    judged.top5[clip] = topShare(row, own, 5);
  });
  return judged;
}

/** The share of clips that are right. */
export function shareOf(clips: Float64Array): number {
  return sumOf(clips) / clips.length;
}

function sumOf(clips: Float64Array): number {
  return clips.reduce((sum, each) => sum + each, 0);
}

/** The scores of a probe on test clips, from what became of each. */
export function probeScores(
  test: Judged,
  train: Judged,
  classes: readonly string[],
  labels: { readonly train: readonly string[]; readonly test: readonly string[] },
): ProbeScores {
  const clips = test.top1.length;
  const common = mostFrequent(labels.train);
  return {
    top1: wilsonInterval(sumOf(test.top1), clips),
    top5: wilsonInterval(sumOf(test.top5), clips),
    trainTop1: shareOf(train.top1),
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

function mostFrequent(labels: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted[0]?.[0] ?? '';
}
