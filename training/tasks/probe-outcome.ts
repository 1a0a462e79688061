import type { Backend } from '../../core/backend.js';
import { confusion, type Judged, probeScores } from '../../evaluation/index.js';
import type { ProbeManifest } from '../../run/manifest.js';
import { PROBE_RECIPES, type ProbeChoice } from '../../run/probe-recipes.js';
import type { RunFolder } from '../../run/run-folder.js';
import type { LoopEvent, LoopResult } from '../loop.js';
import type { Evaluated } from '../task.js';
import type { Choice } from './probe-choice.js';
import type { ProbeSets } from './probe-features.js';
import type { ProbeChoiceOutcome, ProbeOutcome } from './probe-result.js';

/** A probe whose folder and features are there. */
export interface ProbeRun {
  readonly folder: RunFolder<'linear-probe'>;
  readonly manifest: ProbeManifest;
  readonly sets: ProbeSets;
  readonly backend: Backend;
  readonly version: string;
  readonly signal: AbortSignal | undefined;
  readonly resumes: boolean;
  readonly onEvent: (event: LoopEvent) => void;
}

export interface ProbeEnd extends Omit<LoopResult, 'problems'> {
  /** Undefined where the signal ended it early. */
  readonly outcome: ProbeOutcome | undefined;
}

/** What became of the clips to learn from and to judge by. */
export interface JudgedSets {
  readonly train: Judged;
  readonly test: Judged;
}

/** The scores of a probe, as a line of its folder has them. */
export function scoreEvaluation(
  judged: JudgedSets,
  { train: learned, test }: ProbeSets,
  classes: readonly string[],
): Evaluated {
  const scores = probeScores(judged.test, judged.train, classes, {
    train: learned.labels,
    test: test.labels,
  });
  const { top1, top5, trainTop1, chance, majority } = scores;
  return {
    evaluator: 'probe',
    scores: {
      top1: top1.share,
      'top1.low': top1.low,
      'top1.high': top1.high,
      top5: top5.share,
      'top5.low': top5.low,
      'top5.high': top5.high,
      train_top1: trainTop1,
      chance,
      majority,
    },
  };
}

/** How the candidates fared; `candidate` tells what each is. */
export function choiceOutcome(
  { shares, chosen, highest, lowest, mean, deviation }: Choice,
  clips: number,
  candidate: (index: number) => Omit<ProbeChoiceOutcome['candidates'][number], 'top1'>,
): ProbeChoiceOutcome {
  const candidates = shares.map((top1, index) => ({ ...candidate(index), top1 }));
  return { clips, highest, lowest, mean, deviation, candidates, chosen };
}

/** All that a probe came to. @param trained How the head that is judged was made. */
export function outcomeOf(
  { manifest, sets, version }: ProbeRun,
  judged: JudgedSets,
  choice: ProbeChoiceOutcome | undefined,
  trained: string,
): ProbeOutcome {
  const { settings, classes, data, test, made } = manifest;
  const { head = 'linear', label } = settings;
  const clips = { train: sets.train.labels.length, test: sets.test.labels.length };
  const held =
    settings.test === undefined
      ? 'every fifth clip of each class'
      : `records ${short(test.digest)}`;
  const protocol = [
    PROBE_RECIPES[head].title,
    ...(made === undefined ? [] : [made]),
    ...(label === undefined ? [] : [`classes: ${label}`]),
    `learned from ${clips.train} clips (records ${short(data.digest)})`,
    `judged by ${clips.test} (${held})`,
    ...(choice === undefined
      ? []
      : [
          `chosen of ${choice.candidates.length} candidates by top-1 on ${choice.clips} of those to learn from${head === 'knn' ? '' : ', then trained on all'}`,
        ]),
    trained,
    'equal scores share',
  ].join('; ');
  return {
    format: 1,
    lacuna: version,
    head,
    protocol,
    scores: probeScores(judged.test, judged.train, classes, {
      train: sets.train.labels,
      test: sets.test.labels,
    }),
    interval: 'Wilson, 95 %',
    clips,
    classes,
    ...(choice === undefined ? {} : { choice }),
    confusion: confusion(judged.test, sets.test.labels, classes),
  };
}

export function choiceText(choice: ProbeChoice | undefined): string {
  return `rate ${choice?.rate}, decay ${choice?.decay}`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function short(digest: string): string {
  return digest.slice(0, 12);
}
