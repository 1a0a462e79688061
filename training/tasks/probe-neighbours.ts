import {
  type FeatureSet,
  type Judged,
  nearestNeighbours,
  neighbourVerdicts,
  shareOf,
} from '../../evaluation/index.js';
import { LacunaError, NEIGHBOUR_COUNTS } from '../../spec/index.js';
import { choiceOf, choiceSets } from './probe-choice.js';
import {
  choiceOutcome,
  outcomeOf,
  type ProbeEnd,
  type ProbeRun,
  percent,
} from './probe-outcome.js';
import type { ProbeChoiceOutcome } from './probe-result.js';

/** Nothing is trained: the neighbours vote, as many as fared best among the clips to learn from. */
export async function runNeighbours(probe: ProbeRun): Promise<ProbeEnd> {
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
    const best = choiceOf(judged.map((each) => shareOf(each.top1)));
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
