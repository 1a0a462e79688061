import { join } from 'node:path';
import { LineFollower, lastLine } from '../formats/line-follower.js';
import { Lock } from '../formats/lock.js';
import type { Manifests, TaskName } from './manifest.js';
import { readAnyManifest } from './read-manifest.js';
import { EVALUATIONS, LOCK, METRICS, readProblems } from './run-folder.js';
import { runLength } from './run-length.js';
import {
  parseEvaluation,
  parseMetrics,
  type StepEvaluation,
  type StepMetrics,
} from './run-lines.js';

/** `running`: a process has its lock, or may have it; `finished`: its last step is done; else it can go on. */
export type RunState = 'running' | 'finished' | 'stopped';

/** A run in a few facts, read from its files alone: its process is not asked. */
export interface RunSummary {
  readonly path: string;
  readonly manifest: Manifests[TaskName];
  readonly state: RunState;
  /** Steps that are to be done. */
  readonly steps: number;
  /** The last step that is written; undefined before the first. */
  readonly last: StepMetrics | undefined;
  /** The last of each evaluator. */
  readonly evaluations: readonly StepEvaluation[];
  /** Clips that could not be used, or lack frames. */
  readonly problems: number;
}

/** @throws LacunaError for a folder without a run, or with a damaged one. */
export async function summarizeRun(path: string): Promise<RunSummary> {
  const manifest = await readAnyManifest(path);
  const { steps } = runLength(manifest);
  const last = await lastLine(join(path, METRICS), parseMetrics);
  const evaluations = new Map<string, StepEvaluation>();
  await new LineFollower(join(path, EVALUATIONS), parseEvaluation).read({
    onAfresh: () => evaluations.clear(),
    onValue: (line) => evaluations.set(line.evaluator, line),
  });
  return {
    path,
    manifest,
    state: await runState(path, last?.step ?? 0, steps),
    steps,
    last,
    evaluations: [...evaluations.values()],
    problems: (await readProblems(path)).length,
  };
}

/** @param step Steps that are done. */
export async function runState(path: string, step: number, steps: number): Promise<RunState> {
  if (await Lock.isHeld(join(path, LOCK))) return 'running';
  return step >= steps ? 'finished' : 'stopped';
}
