import { probabilityByChance } from '../spec/evaluation/index.js';
import { type Check, type Finding, verdictOf } from './check.js';

/** How often the right clip came first among held-out ones. */
export interface RetrievalCount {
  readonly hits: number;
  readonly queries: number;
  readonly gallery: number;
}

/** What a training run on the demo data led to, and its control on shuffled captions. */
export interface Outcome {
  readonly trained: RetrievalCount;
  readonly shuffled: RetrievalCount;
}

/** Recalls that guessing reaches less often than this are no luck. */
const SIGNIFICANCE = 1e-3;

/**
 * Level 5: trained on the demo data, a model must retrieve held-out clips more often than guessing
 * does, and one that was trained on shuffled captions must not; both at a significance of 1e-3.
 */
export function judgeOutcome({ trained, shuffled }: Outcome): Finding {
  const finding = { cases: 2, elements: 2, undecided: 0, worstRatio: 0 };
  const luck = ({ hits, queries, gallery }: RetrievalCount): number =>
    probabilityByChance(queries, hits, 1 / gallery);
  const say = ({ hits, queries }: RetrievalCount): string => `${hits} of ${queries} queries`;
  const problems = [
    ...(luck(trained) < SIGNIFICANCE
      ? []
      : [`it did not learn: ${say(trained)} find their clip, as guessing may`]),
    ...(luck(shuffled) >= SIGNIFICANCE
      ? []
      : [`with shuffled captions, ${say(shuffled)} find their clip: something leaks`]),
  ];
  if (problems.length === 0) return { ...finding, verdict: 'pass' };
  const what = problems.join('; ');
  return { ...finding, verdict: 'fail', failure: { address: 'outcome/demo', what } };
}

/** The check that trains; without a way to train it says how to run it. */
export function outcomeCheck(train?: (seed: number) => Promise<Outcome>): Check {
  return {
    id: 'outcome/demo',
    level: 5,
    clauses: ['outcome.demo'],
    run: async (_, { seed = 1 }) =>
      train === undefined
        ? verdictOf('not-run', 'it trains for a minute: lacuna conform --level 5')
        : judgeOutcome(await train(seed)),
  };
}
