import { basename, resolve } from 'node:path';
import { sha256 } from '../core/sha256.js';
import {
  addFragment,
  type TrackioRecord,
  type TrackioRun,
  trackioFolder,
} from '../formats/trackio/inbox.js';
import type { ManifestBase } from './manifest.js';
import type { StepEvaluation, StepMetrics } from './run-lines.js';
import { type RunLog, scoreTags, stepTags } from './run-log.js';
import { withoutFolders } from './without-folders.js';

/** What is told of a run beside its numbers. */
export interface TrackioFacts {
  readonly project: string;
  /** The run's folder: Trackio calls the run by its name. */
  readonly path: string;
  readonly manifest: Pick<ManifestBase, 'created'> & {
    readonly settings: { readonly output: string };
  };
}

/**
 * What a run tells Trackio: a fragment in Trackio's inbox at each checkpoint, of the steps since the one
 * before. So it never tells of a step that a resumed run does again, but where the process ended
 * between both: such steps have the same ids, by which Trackio drops them.
 */
export class TrackioLog implements RunLog {
  readonly #folder: string;
  readonly #run: TrackioRun;
  #records: TrackioRecord[] = [];

  /** @param folder Trackio's folder. @defaultValue what Trackio's own variables say */
  constructor({ project, path, manifest }: TrackioFacts, folder: string = trackioFolder()) {
    const { created, settings } = manifest;
    this.#folder = folder;
    this.#run = {
      project,
      run: basename(resolve(path)),
      runId: sha256(`${created}\n${settings.output}`).slice(0, 32),
      config: withoutFolders(settings) as object,
    };
  }

  async addMetrics(line: StepMetrics): Promise<void> {
    this.#add(line.step, `${line.step}`, stepTags(line));
  }

  async addEvaluation(line: StepEvaluation): Promise<void> {
    this.#add(line.step, `${line.step}-${line.evaluator}`, scoreTags(line));
  }

  async sync(): Promise<void> {
    await addFragment(this.#folder, this.#run, this.#records);
    this.#records = [];
  }

  async cut(): Promise<void> {
    this.#records = [];
  }

  async close(): Promise<void> {}

  #add(step: number, id: string, values: Readonly<Record<string, number>>): void {
    this.#records.push({ wallTime: Date.now() / 1000, step, values, id });
  }
}
