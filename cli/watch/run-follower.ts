import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type DataProblem,
  newestCheckpointStep,
  type RunState,
  RunTail,
  runLength,
  runState,
  type StepEvaluation,
  type StepMetrics,
} from '../../run/index.js';
import { type Charts, evaluationCharts, runCharts } from '../report/curves.js';
import { whatOf } from '../run-listing/runs-result.js';
import { Thinned } from './thinned.js';

/** Steps and evaluations that are drawn, about; more make the page slow over a thin line. */
const MAX_POINTS = 600;
/** Steps that the pace is measured over. */
const PACE_STEPS = 20;
/** Numbers of a step or an evaluation, and evaluators, that are shown: a stranger's file may name any. */
const MAX_NAMES = 32;
/** Problems that are told one by one. */
const MAX_PROBLEMS = 100;

/** What the page of a run shows but for its pictures. */
export interface WatchedRun {
  readonly folder: string;
  readonly task: string;
  readonly what: string;
  readonly state: RunState;
  readonly step: number;
  readonly steps: number;
  /** Seconds since the last step was written; null before the first. */
  readonly age: number | null;
  readonly loss: number | null;
  /** Over the last steps; null before the first. */
  readonly pace: {
    readonly stepSeconds: number;
    readonly clipsPerSecond: number;
    /** The share of the time in which the device waits for data. */
    readonly waiting: number;
    /** Seconds until the last step, at this pace. */
    readonly left: number;
  } | null;
  readonly charts: Charts;
  readonly evaluationCharts: Charts;
  readonly evaluations: readonly StepEvaluation[];
  readonly problems: {
    /** Clips that were skipped, and those that lack frames and were used. */
    readonly skipped: number;
    readonly incomplete: number;
    /** The last of them. */
    readonly shown: readonly DataProblem[];
  };
  /** The newest checkpoint; null where there is none. */
  readonly checkpoint: number | null;
}

/** Follows a run by its files alone: what is asked for twice in a moment is read once. */
export class RunFollower {
  readonly #folder: string;
  readonly #tail: RunTail;
  readonly #metrics = new Thinned<StepMetrics>(MAX_POINTS);
  readonly #evaluations = new Thinned<StepEvaluation>(MAX_POINTS);
  readonly #lastOf = new Map<string, StepEvaluation>();
  readonly #problems = new Map<string, DataProblem>();
  #counts = { skipped: 0, incomplete: 0 };
  #recent: StepMetrics[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    this.#tail = new RunTail(folder);
  }

  /** What the run's files say now. @throws LacunaError where they hold no run, or a damaged one. */
  async look(): Promise<WatchedRun> {
    const manifest = await this.#tail.read({
      metrics: {
        onAfresh: () => this.#forgetSteps(),
        onValue: (line) => {
          this.#metrics.add({ ...line, metrics: first(line.metrics) });
          this.#recent = [...this.#recent.slice(1 - PACE_STEPS), line];
        },
      },
      evaluations: {
        onAfresh: () => {
          this.#evaluations.clear();
          this.#lastOf.clear();
        },
        onValue: (line) => {
          if (!this.#lastOf.has(line.evaluator) && this.#lastOf.size >= MAX_NAMES) return;
          const shown = { ...line, scores: first(line.scores) };
          this.#evaluations.add(shown);
          this.#lastOf.set(line.evaluator, shown);
        },
      },
      problems: {
        onAfresh: () => {
          this.#problems.clear();
          this.#counts = { skipped: 0, incomplete: 0 };
        },
        onValue: (problem) => this.#addProblem(problem),
      },
    });
    const { steps, batch } = runLength(manifest);
    const evaluations = this.#evaluations.values();
    const judged = [...new Set(evaluations.map((line) => line.step))];
    const last = this.#metrics.last;
    const step = last?.step ?? 0;
    const loss = last?.metrics.loss;
    return {
      folder: this.#folder,
      task: manifest.task ?? 'pretrain',
      what: `${whatOf(manifest)}; ${(manifest.parameters / 1e6).toFixed(1)} M parameters, ${manifest.data.clips} clips, batch ${batch}; ${manifest.backend.name}, ${manifest.backend.device}`,
      state: await runState(this.#folder, step, steps),
      step,
      steps,
      age: last === undefined ? null : await secondsSince(this.#tail.metricsPath),
      loss: loss === undefined || !Number.isFinite(loss) ? null : loss,
      pace: paceOf(this.#recent, batch, steps),
      charts: runCharts(this.#metrics.values(), []),
      evaluationCharts: { steps: judged, charts: evaluationCharts(evaluations, judged) },
      evaluations: [...this.#lastOf.values()],
      problems: { ...this.#counts, shown: [...this.#problems.values()] },
      checkpoint: (await newestCheckpointStep(join(this.#folder, 'checkpoints'))) ?? null,
    };
  }

  #forgetSteps(): void {
    this.#metrics.clear();
    this.#recent = [];
  }

  /** A run that goes on tells of a clip once more: of those that are shown, each is there once. */
  #addProblem(problem: DataProblem): void {
    if (!this.#problems.delete(problem.id)) {
      if (problem.used === true) this.#counts.incomplete += 1;
      else this.#counts.skipped += 1;
    }
    this.#problems.set(problem.id, problem);
    const [oldest] = this.#problems.keys();
    if (this.#problems.size > MAX_PROBLEMS && oldest !== undefined) this.#problems.delete(oldest);
  }
}

function first(values: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(values).slice(0, MAX_NAMES));
}

function paceOf(recent: readonly StepMetrics[], batch: number, steps: number): WatchedRun['pace'] {
  const last = recent.at(-1);
  if (last === undefined) return null;
  const sum = (value: (line: StepMetrics) => number): number =>
    recent.reduce((total, line) => total + value(line), 0);
  const stepSeconds = sum((line) => line.stepSeconds) / recent.length;
  if (!(stepSeconds > 0)) return null;
  return {
    stepSeconds,
    clipsPerSecond: batch / stepSeconds,
    waiting: sum((line) => line.waitSeconds) / recent.length / stepSeconds,
    left: Math.max(0, steps - last.step) * stepSeconds,
  };
}

async function secondsSince(path: string): Promise<number | null> {
  const facts = await stat(path).catch(() => undefined);
  return facts === undefined ? null : Math.max(0, (Date.now() - facts.mtimeMs) / 1000);
}
