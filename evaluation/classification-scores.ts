import type { Named } from '../core/backend.js';
import type { TrainedClassifier } from '../run/classifier.js';
import { finetuningOf } from '../run/classifier.js';
import { labelsOf } from '../run/feeds/clip-labels.js';
import type { HeadClasses } from '../run/manifest.js';
import {
  calibration,
  combinedScores,
  LacunaError,
  type ShareInterval,
  topClass,
  topShare,
  wilsonInterval,
} from '../spec/index.js';
import type { Classification } from './classification.js';

/** How well a head tells its classes. */
export interface HeadResult {
  readonly head: HeadClasses;
  readonly top1: ShareInterval;
  readonly top5: ShareInterval;
  /** The mean over the classes that occur of their own top-1. */
  readonly meanClass: number;
  /** 1 / C, and what naming the most frequent class of these videos gets. */
  readonly chance: number;
  readonly majority: number;
  readonly calibration: ReturnType<typeof calibration>;
  /** How often videos of class i were taken for class j, [C, C]. */
  readonly confusion: readonly Uint32Array[];
}

/** How well several heads tell their classes of a video together: an action as a verb and a noun. */
export interface CombinedResult {
  /** The heads' names. */
  readonly names: readonly string[];
  readonly top1: ShareInterval;
  /** Of all combinations of classes, by the product of their probabilities (`combinedScores`). */
  readonly top5: ShareInterval;
}

/** A video's combinations are all looked at; of more than this nothing is told. */
const MOST_COMBINATIONS = 2 ** 20;

/** What several heads come to together; undefined of one, and where the combinations of their classes are too many. */
export function combinedResult(
  heads: readonly HeadClasses[],
  { records, probabilities }: Classification,
): CombinedResult | undefined {
  const combinations = heads.reduce((product, { classes }) => product * classes.length, 1);
  if (heads.length < 2 || combinations > MOST_COMBINATIONS) return undefined;
  const hits = { top1: 0, top5: 0 };
  const rights = heads.map((head) => rightsOf(head, records));
  records.forEach((_, video) => {
    const right = heads.reduce(
      (number, { classes }, head) => number * classes.length + (rights[head]?.[video] ?? -1),
      0,
    );
    const scores = combinedScores(heads.map(({ name }) => probabilities[name]?.[video] ?? []));
    hits.top1 += topShare(scores, right, 1);
    hits.top5 += topShare(scores, right, 5);
  });
  return {
    names: heads.map(({ name }) => name),
    top1: wilsonInterval(hits.top1, records.length),
    top5: wilsonInterval(hits.top5, records.length),
  };
}

/** The number of each record's class; -1 where a head has no such class, which is refused before (`requireKnownLabels`). */
function rightsOf(
  { name, classes }: HeadClasses,
  records: Classification['records'],
): readonly number[] {
  const numbers = new Map(classes.map((each, number) => [each, number]));
  return records.map((record) => numbers.get(labelsOf(record)[name] ?? '') ?? -1);
}

/** What a classification comes to, head by head. */
export function headResults(
  heads: readonly HeadClasses[],
  { records, probabilities }: Classification,
): readonly HeadResult[] {
  return heads.map((head) => {
    const { name, classes } = head;
    const rows = probabilities[name] ?? [];
    const rights = rightsOf(head, records);
    const confusion = classes.map(() => new Uint32Array(classes.length));
    const counts = new Uint32Array(classes.length);
    const found = new Float64Array(classes.length);
    const hits = { top1: 0, top5: 0 };
    const confidences: number[] = [];
    const isRight: boolean[] = [];
    rows.forEach((row, video) => {
      const right = rights[video] as number;
      const said = topClass(row);
      refuseNotFinite(row, records[video]?.id ?? '');
      const first = topShare(row, right, 1);
      hits.top1 += first;
      hits.top5 += topShare(row, right, 5);
      counts[right] = (counts[right] ?? 0) + 1;
      found[right] = (found[right] ?? 0) + first;
      const line = confusion[right] as Uint32Array;
      line[said] = (line[said] ?? 0) + 1;
      confidences.push(row[said] ?? 0);
      isRight.push(said === right);
    });
    const occurring = [...counts.keys()].filter((each) => (counts[each] ?? 0) > 0);
    const own = occurring.map((each) => (found[each] ?? 0) / (counts[each] ?? 1));
    return {
      head,
      top1: wilsonInterval(hits.top1, rows.length),
      top5: wilsonInterval(hits.top5, rows.length),
      meanClass: own.reduce((sum, each) => sum + each, 0) / own.length,
      chance: 1 / classes.length,
      majority: Math.max(...counts) / rows.length,
      calibration: calibration(confidences, isRight),
      confusion,
    };
  });
}

/**
 * The scores of all heads by name, the first of the first head; of several heads with
 * their names before, and what they come to together (`noun+verb.top1`).
 */
export function headScores(
  heads: readonly HeadClasses[],
  classification: Classification,
): Named<number> {
  const scores: Record<string, number> = {};
  for (const result of headResults(heads, classification)) {
    const { head, top1, top5, meanClass, chance, majority } = result;
    const name = (score: string): string => (heads.length === 1 ? score : `${head.name}.${score}`);
    scores[name('top1')] = top1.share;
    scores[name('top5')] = top5.share;
    scores[name('mean_class')] = meanClass;
    scores[name('calibration_error')] = result.calibration.error;
    scores[name('chance')] = chance;
    scores[name('majority')] = majority;
  }
  const combined = combinedResult(heads, classification);
  if (combined !== undefined) {
    const name = combined.names.join('+');
    scores[`${name}.top1`] = combined.top1.share;
    scores[`${name}.top5`] = combined.top5.share;
  }
  return scores;
}

/** The classes that are taken for another most often. */
export function worstConfusions(
  { head, confusion }: Pick<HeadResult, 'head' | 'confusion'>,
  most: number,
): readonly {
  readonly right: string;
  readonly said: string;
  readonly count: number;
  readonly of: number;
}[] {
  const all = confusion.flatMap((line, i) => {
    const of = line.reduce((sum, count) => sum + count, 0);
    return [...line].flatMap((count, j) =>
      i === j || count === 0
        ? []
        : [{ right: head.classes[i] ?? '', said: head.classes[j] ?? '', count, of }],
    );
  });
  return all.sort((a, b) => b.count - a.count || b.count / b.of - a.count / a.of).slice(0, most);
}

/** What the scores depend on beside the classifier, in a sentence. */
export function classificationProtocol(
  { settings }: Pick<TrainedClassifier, 'settings'>,
  { records, views }: Classification,
): string {
  const { frames, size, sampling, stride } = settings.clip;
  const how = sampling === 'tsn' ? 'one a segment' : `stride ${stride}`;
  const { average } = finetuningOf(settings);
  return [
    `${records.length} videos`,
    `${frames} frames (${how}) of ${size} px`,
    `${views.clips} x ${views.crops} views (clips x crops)${views.clips * views.crops > 1 ? ', mean of softmax' : ', the middle, centre crop'}`,
    ...(average > 0 ? [`weights averaged with decay ${average}`] : []),
    'ties shared, Wilson 95 %',
  ].join('; ');
}

function refuseNotFinite(row: Float32Array, id: string): void {
  if (row.every(Number.isFinite)) return;
  throw new LacunaError({
    where: id,
    what: 'a probability of this video is not finite',
    fix: 'Look whether the training diverged: lower its learning rate.',
  });
}
