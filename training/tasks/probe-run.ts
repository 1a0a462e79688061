import type { Backend, HostTensor, Named } from '../../core/backend.js';
import {
  confusion,
  type FeatureSet,
  hits,
  type Judged,
  nearestNeighbours,
  neighbourVerdicts,
  probeScores,
} from '../../evaluation/index.js';
import { lastGoodCheckpoint } from '../../run/checkpoint.js';
import type { ProbeManifest } from '../../run/manifest.js';
import { PROBE_RECIPES, type ProbeChoice, probeChoices } from '../../run/probe-recipes.js';
import { type RunFolder, readEvaluations } from '../../run/run-folder.js';
import { LacunaError, NEIGHBOUR_COUNTS } from '../../spec/index.js';
import { type LoopEvent, type LoopResult, train } from '../loop.js';
import type { Evaluated } from '../task.js';
import {
  type Choice,
  choiceEvaluation,
  choiceOf,
  choiceSets,
  writtenChoice,
} from './probe-choice.js';
import type { ProbeSets } from './probe-features.js';
import type { ProbeChoiceOutcome, ProbeOutcome } from './probe-result.js';
import { judgeState, type ProbeHeads, probeLength, probePlan, probeTask } from './probe-task.js';

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

/** Trains what the manifest says, from the last good checkpoint on, and judges it. */
export async function runProbe(probe: ProbeRun): Promise<ProbeEnd> {
  const { manifest, sets } = probe;
  if (manifest.settings.head === 'knn') return runNeighbours(probe);
  const choices = choicesOf(manifest);
  const [only] = choices;
  if (choices.length === 1 && only !== undefined) {
    return trainFinal(probe, finalHeads(manifest, sets.train, only), undefined, undefined);
  }
  return runChoice(probe, choices);
}

/** The head that is judged at last: one, that learns from all clips. */
export function finalHeads(
  manifest: Pick<ProbeManifest, 'settings' | 'classes' | 'width' | 'tokens' | 'heads'>,
  learn: FeatureSet,
  choice: ProbeChoice | undefined = choicesOf(manifest)[0],
): ProbeHeads {
  const { settings, classes, width, tokens, heads } = manifest;
  const { head = 'linear', blocks = 4 } = settings;
  const sizes = { width, classes: classes.length };
  const config =
    tokens === undefined || heads === undefined
      ? {
          kind: 'linear' as const,
          statistics:
            head === 'mae' || settings.batch !== undefined
              ? ('running' as const)
              : ('all' as const),
          ...sizes,
        }
      : { kind: 'attentive' as const, tokens, heads, blocks, ...sizes };
  return { config, classes, learn, choices: choice === undefined ? [] : [choice] };
}

function choicesOf({ settings }: Pick<ProbeManifest, 'settings'>): readonly ProbeChoice[] {
  const { rates = [settings.learningRate], decays = [0] } = settings;
  return probeChoices(rates, decays);
}

/**
 * First all candidates side by side, on a part of the clips; then the one that fared best on the rest of
 * them, from the start and on all. Both are stages of one folder, which is resumed in either.
 */
async function runChoice(probe: ProbeRun, choices: readonly ProbeChoice[]): Promise<ProbeEnd> {
  const { folder, manifest, sets, backend, signal, onEvent } = probe;
  const { settings } = manifest;
  const { learn, choose } = choiceSets(sets.train);
  const heads = { ...finalHeads(manifest, learn), choices };
  const plan = probePlan(heads, settings);
  const before = probeLength(settings, learn.labels.length).steps;
  const total = before + settings.steps;
  const stage = { name: 'choice', number: 1, count: 2, before: 0, total, former: undefined };
  const last = finalHeads(manifest, sets.train);
  const finalPlan = probePlan(last, settings);
  const states = [...plan.state, ...finalPlan.state];
  const done = probe.resumes
    ? ((await lastGoodCheckpoint(folder.checkpoints, () => {}, states))?.step ?? 0)
    : 0;
  if (done <= before) {
    const judge = async (state: Named<HostTensor>): Promise<readonly Evaluated[]> => [
      choiceEvaluation(await judgeState(backend, state, heads, choose)),
    ];
    const task = probeTask(heads, settings, plan, judge, stage);
    const options = { backend, folder, resumes: probe.resumes, signal, onEvent };
    const { state, steps, finished } = await train(task, options);
    if (!finished || signal?.aborted === true) {
      return { state, steps, finished: false, outcome: undefined };
    }
  }
  const written = await readEvaluations(folder.path);
  const choice = writtenChoice(written, before, choices.length, folder.path);
  const chosen = choices[choice.chosen] as ProbeChoice;
  onEvent({
    kind: 'note',
    text: `Chosen: ${choiceText(chosen)}, with ${percent(choice.highest)} on ${choose.labels.length} clips of those to learn from (${choices.length} candidates, from ${percent(choice.lowest)}); it is trained again on all of them.`,
  });
  const outcome: ProbeChoiceOutcome = choiceOutcome(choice, choose.labels.length, (index) => ({
    ...(choices[index] as ProbeChoice),
  }));
  return trainFinal(probe, { ...last, choices: [chosen] }, outcome, {
    before,
    total,
    former: plan.state,
  });
}

interface FinalStage {
  readonly before: number;
  readonly total: number;
  readonly former: NonNullable<Parameters<typeof probeTask>[4]>['former'];
}

/** Trains one head on all clips, and judges it. */
async function trainFinal(
  probe: ProbeRun,
  heads: ProbeHeads,
  choice: ProbeChoiceOutcome | undefined,
  after: FinalStage | undefined,
): Promise<ProbeEnd> {
  const { folder, manifest, sets, backend, signal, resumes, onEvent } = probe;
  const { settings, classes } = manifest;
  const judge = async (state: Named<HostTensor>): Promise<JudgedSets> => ({
    train: await judgedOnce(backend, state, heads, sets.train),
    test: await judgedOnce(backend, state, heads, sets.test),
  });
  const task = probeTask(
    heads,
    settings,
    probePlan(heads, settings),
    async (state) => [scoreEvaluation(await judge(state), sets, classes)],
    after === undefined ? undefined : { name: 'final', number: 2, count: 2, ...after },
  );
  const { state, steps, finished } = await train(task, {
    backend,
    folder,
    resumes,
    signal,
    onEvent,
  });
  if (!finished) return { state, steps, finished, outcome: undefined };
  const { batch, steps: own } = probeLength(settings, sets.train.labels.length);
  const trained = `${choiceText(heads.choices[0])}, ${own} steps of ${batch} clips, seed ${settings.seed}`;
  const outcome = outcomeOf(probe, await judge(state), choice, trained);
  return { state, steps, finished, outcome };
}

/** Nothing is trained: the neighbours vote, as many as fared best among the clips to learn from. */
async function runNeighbours(probe: ProbeRun): Promise<ProbeEnd> {
  const { manifest, sets, backend, onEvent } = probe;
  const { classes, settings } = manifest;
  const { learn, choose, counts } = neighbourCounts(settings.neighbours, sets.train);
  const verdicts = async (
    bank: FeatureSet,
    queries: FeatureSet,
    ks: readonly number[],
    own?: (query: number) => number,
  ): Promise<readonly Judged[]> => {
    const found = await nearestNeighbours(backend, bank, queries, Math.max(...ks), own);
    const labels = { bank: bank.labels, queries: queries.labels };
    const all: Judged[] = [];
    for (const k of ks) all.push(await neighbourVerdicts(backend, found, k, classes, labels));
    return all;
  };
  let k = counts[0] as number;
  let choice: ProbeChoiceOutcome | undefined;
  if (counts.length > 1) {
    const judged = await verdicts(learn, choose, counts);
    const best = choiceOf(judged.map((each) => hits(each, 1) / each.ranks.length));
    choice = choiceOutcome(best, choose.labels.length, (index) => ({
      neighbours: counts[index] as number,
    }));
    k = counts[best.chosen] as number;
    onEvent({
      kind: 'note',
      text: `Chosen: ${k} neighbours, with ${percent(best.highest)} on ${choose.labels.length} clips of those to learn from.`,
    });
  }
  const [test] = await verdicts(sets.train, sets.test, [k]);
  // A clip that was learned from would find itself.
  const others = Math.min(k, sets.train.labels.length - 1);
  const [own] = await verdicts(sets.train, sets.train, [others], (query) => query);
  const outcome = outcomeOf(
    probe,
    { train: own as Judged, test: test as Judged },
    choice,
    `${k} neighbours; of clips that were learned from, the clip itself left out`,
  );
  return { state: {}, steps: 0, finished: true, outcome };
}

function neighbourCounts(
  given: readonly number[] | undefined,
  train: FeatureSet,
): { readonly learn: FeatureSet; readonly choose: FeatureSet; readonly counts: readonly number[] } {
  const total = train.labels.length;
  const most = given?.find((k) => k >= total);
  if (most !== undefined) {
    throw new LacunaError({
      where: '--k',
      what: 'so many neighbours are not there',
      got: String(most),
      expected: `at most ${total - 1} of ${total} clips to learn from`,
    });
  }
  if (given?.length === 1) return { learn: train, choose: train, counts: given };
  const { learn, choose } = choiceSets(train);
  const counts = (given ?? NEIGHBOUR_COUNTS).filter((k) => k <= learn.labels.length);
  return { learn, choose, counts };
}

interface JudgedSets {
  readonly train: Judged;
  readonly test: Judged;
}

async function judgedOnce(
  backend: Backend,
  state: Named<HostTensor>,
  heads: ProbeHeads,
  set: FeatureSet,
): Promise<Judged> {
  const [only] = await judgeState(backend, state, heads, set);
  return only as Judged;
}

function scoreEvaluation(
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

function choiceOutcome(
  { shares, chosen, highest, lowest, mean, deviation }: Choice,
  clips: number,
  candidate: (index: number) => Omit<ProbeChoiceOutcome['candidates'][number], 'top1'>,
): ProbeChoiceOutcome {
  const candidates = shares.map((top1, index) => ({ ...candidate(index), top1 }));
  return { clips, highest, lowest, mean, deviation, candidates, chosen };
}

function outcomeOf(
  { manifest, sets, version }: ProbeRun,
  judged: JudgedSets,
  choice: ProbeChoiceOutcome | undefined,
  trained: string,
): ProbeOutcome {
  const { settings, classes, data, test, made } = manifest;
  const { head = 'linear' } = settings;
  const clips = { train: sets.train.labels.length, test: sets.test.labels.length };
  const held =
    settings.test === undefined
      ? 'every fifth clip of each class'
      : `records ${short(test.digest)}`;
  const protocol = [
    PROBE_RECIPES[head].title,
    ...(made === undefined ? [] : [made]),
    `learned from ${clips.train} clips (records ${short(data.digest)})`,
    `judged by ${clips.test} (${held})`,
    ...(choice === undefined
      ? []
      : [
          `chosen of ${choice.candidates.length} candidates by top-1 on ${choice.clips} of those to learn from, then trained on all`,
        ]),
    trained,
    'of equal scores the class of the lower number first',
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

function choiceText(choice: ProbeChoice | undefined): string {
  return `rate ${choice?.rate}, decay ${choice?.decay}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function short(digest: string): string {
  return digest.slice(0, 12);
}
