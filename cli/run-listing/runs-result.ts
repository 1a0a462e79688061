import type { RunState, RunSummary } from '../../run/index.js';
import { settingsDifferences } from '../settings-differences.js';
import type { RunListing, Unreadable } from './list-runs.js';

/** A run as `lacuna runs --json` tells it. */
export interface ToldRun {
  readonly path: string;
  readonly task: 'pretrain' | 'finetune' | 'linear-probe';
  /** What is trained: a preset, a recipe, a head. */
  readonly what: string;
  readonly state: RunState;
  readonly step: number;
  readonly steps: number;
  /** The loss of the last step; null before the first. */
  readonly loss: number | null;
  /** The last evaluation of each evaluator. */
  readonly evaluations: readonly {
    readonly evaluator: string;
    readonly step: number;
    readonly scores: Readonly<Record<string, number>>;
  }[];
  /** Clips that could not be used, or lack frames. */
  readonly problems: number;
  /** ISO 8601. */
  readonly created: string;
}

/** What `lacuna runs` tells. */
export interface RunsResult {
  readonly runs: readonly ToldRun[];
  /** Of the runs of a task, where there are several: settings by path of the run; null where a run has none. */
  readonly differences: readonly {
    readonly task: string;
    readonly key: string;
    readonly values: Readonly<Record<string, string | null>>;
  }[];
  readonly unreadable: readonly Unreadable[];
}

/** Settings that are of the run alone, and compare nothing. */
const OWN = ['output'];

/** The result of a listing. */
export function runsResult({ runs, unreadable }: RunListing): RunsResult {
  const told = runs.map(toldRun);
  const tasks = [...new Set(told.map(({ task }) => task))];
  const differences = tasks.flatMap((task) => {
    const own = runs.filter((_, index) => told[index]?.task === task);
    const all = own.map(({ manifest }) => manifest.settings);
    return settingsDifferences(all, OWN).map(({ key, values }) => ({
      task,
      key,
      values: Object.fromEntries(own.map(({ path }, index) => [path, values[index] ?? null])),
    }));
  });
  return { runs: told, differences, unreadable };
}

function toldRun({
  path,
  manifest,
  state,
  steps,
  last,
  evaluations,
  problems,
}: RunSummary): ToldRun {
  const { task = 'pretrain', created } = manifest;
  const loss = last?.metrics.loss;
  return {
    path,
    task,
    what: whatOf(manifest),
    state,
    step: last?.step ?? 0,
    steps,
    loss: loss === undefined || !Number.isFinite(loss) ? null : loss,
    evaluations: evaluations.map(({ evaluator, step, scores }) => ({ evaluator, step, scores })),
    problems,
    created,
  };
}

/** What is trained, in a word or two. */
export function whatOf(manifest: RunSummary['manifest']): string {
  if (manifest.task === 'linear-probe') return `${manifest.settings.head ?? 'linear'} head`;
  const { settings } = manifest;
  if (manifest.task === 'finetune') return `recipe ${settings.finetuning?.recipe ?? ''}`;
  return `${settings.preset}, ${settings.objective}`;
}
