import { join } from 'node:path';
import { LineFollower, type LineListener } from '../formats/line-follower.js';
import type { Manifests, TaskName } from './manifest.js';
import { readAnyManifest } from './read-manifest.js';
import { EVALUATIONS, METRICS, PROBLEMS } from './run-folder.js';
import {
  type DataProblem,
  parseEvaluation,
  parseMetrics,
  parseProblem,
  type StepEvaluation,
  type StepMetrics,
} from './run-lines.js';

/** Told of what is new in each file of a run. */
export interface RunListener {
  readonly metrics: LineListener<StepMetrics>;
  readonly evaluations: LineListener<StepEvaluation>;
  readonly problems: LineListener<DataProblem>;
}

/** What a run that another process trains writes, followed: each reading tells what came since. */
export class RunTail {
  readonly metricsPath: string;
  readonly #folder: string;
  readonly #metrics: LineFollower<StepMetrics>;
  readonly #evaluations: LineFollower<StepEvaluation>;
  readonly #problems: LineFollower<DataProblem>;

  constructor(folder: string) {
    this.#folder = folder;
    this.metricsPath = join(folder, METRICS);
    this.#metrics = new LineFollower(this.metricsPath, parseMetrics);
    this.#evaluations = new LineFollower(join(folder, EVALUATIONS), parseEvaluation);
    this.#problems = new LineFollower(join(folder, PROBLEMS), parseProblem);
  }

  /** @returns The manifest of now: a run may be made longer. @throws LacunaError where there is no run. */
  async read(listener: RunListener): Promise<Manifests[TaskName]> {
    const manifest = await readAnyManifest(this.#folder);
    await this.#metrics.read(listener.metrics);
    await this.#evaluations.read(listener.evaluations);
    await this.#problems.read(listener.problems);
    return manifest;
  }
}
