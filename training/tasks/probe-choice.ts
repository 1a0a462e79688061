import { type FeatureSet, featureSubset, type Judged, shareOf } from '../../evaluation/index.js';
import { LacunaError } from '../../spec/index.js';
import type { Evaluated } from '../task.js';

/** Of so many clips of a class, one is held out to choose by. */
const ONE_OF = 5;

/** The clips that candidates learn from, and those that one of them is chosen by. */
export interface ChoiceSets {
  readonly learn: FeatureSet;
  readonly choose: FeatureSet;
}

/**
 * Splits what a probe learns from: every fifth clip of each class is held out to choose by, and of a class
 * of two to four clips the last. The clips that the probe is judged by take no part.
 *
 * @throws LacunaError where no class has two clips.
 */
export function choiceSets(train: FeatureSet): ChoiceSets {
  const total = new Map<string, number>();
  for (const label of train.labels) total.set(label, (total.get(label) ?? 0) + 1);
  const seen = new Map<string, number>();
  const parts: Record<'learn' | 'choose', number[]> = { learn: [], choose: [] };
  train.labels.forEach((label, place) => {
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    const own = total.get(label) ?? 0;
    const isHeld = own >= 2 && before % ONE_OF === Math.min(ONE_OF, own) - 1;
    parts[isHeld ? 'choose' : 'learn'].push(place);
  });
  if (parts.choose.length > 0) {
    return {
      learn: featureSubset(train, parts.learn),
      choose: featureSubset(train, parts.choose),
    };
  }
  throw new LacunaError({
    where: 'the clips to learn from',
    what: 'several candidates are to be chosen from, and no class has a clip to choose by',
    got: `${train.labels.length} clips of ${total.size} classes`,
    expected: 'a class with two clips or more',
    fix: 'Give more clips, or one candidate: one --learning-rate and one --decay, or one --k.',
  });
}

/** How the candidates fared on the clips that one of them is chosen by. */
export interface Choice {
  /** Top-1 of each candidate, in their order. */
  readonly shares: readonly number[];
  /** The place of the best; of equals the first. */
  readonly chosen: number;
  readonly highest: number;
  readonly lowest: number;
  readonly mean: number;
  /** The standard deviation over candidates, of n - 1; 0 of one. */
  readonly deviation: number;
}

/** @param shares Top-1 of each candidate. */
export function choiceOf(shares: readonly number[]): Choice {
  const highest = Math.max(...shares);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const squares = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0);
  return {
    shares,
    chosen: shares.indexOf(highest),
    highest,
    lowest: Math.min(...shares),
    mean,
    deviation: shares.length === 1 ? 0 : Math.sqrt(squares / (shares.length - 1)),
  };
}

const EVALUATOR = 'choice';
const CANDIDATE = 'candidate.';

/** What is written of the candidates while they are trained. */
export function choiceEvaluation(judged: readonly Judged[]): Evaluated {
  const shares = judged.map((each) => shareOf(each.top1));
  const { highest, lowest, mean, deviation } = choiceOf(shares);
  const each = Object.fromEntries(shares.map((share, index) => [`${CANDIDATE}${index}`, share]));
  return { evaluator: EVALUATOR, scores: { highest, lowest, mean, deviation, ...each } };
}

/**
 * The choice that was written after a step.
 * @throws LacunaError where there is none of so many candidates.
 */
export function writtenChoice(
  evaluations: readonly {
    readonly step: number;
    readonly evaluator: string;
    readonly scores: Readonly<Record<string, number>>;
  }[],
  step: number,
  candidates: number,
  where: string,
): Choice {
  const line = evaluations.findLast((each) => each.step === step && each.evaluator === EVALUATOR);
  const shares = Array.from(
    { length: candidates },
    (_, index) => line?.scores[`${CANDIDATE}${index}`] ?? Number.NaN,
  );
  if (shares.every((share) => share >= 0 && share <= 1)) return choiceOf(shares);
  throw new LacunaError({
    where,
    what: 'what the candidates were worth is not written in this folder',
    expected: `a line of evaluations.jsonl with step ${step} and ${candidates} candidates`,
    fix: 'Begin a new probe in another folder.',
  });
}
