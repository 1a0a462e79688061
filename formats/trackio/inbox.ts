import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../file-operations.js';
import { replaceFile } from '../whole-file.js';

/** A run as Trackio knows it. */
export interface TrackioRun {
  /** The project's name. */
  readonly project: string;
  /** The run's name. */
  readonly run: string;
  /** What tells the run from others of its name, and names its folder: hexadecimal. */
  readonly runId: string;
  /** The run's settings, as plain data. */
  readonly config: object;
}

/** Numbers by tag, of one step at one time. */
export interface TrackioRecord {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
  /** What this is among what is said of the step: of two records with one id Trackio takes the first. */
  readonly id: string;
}

/** No project may end like a file that Trackio keeps beside one (its `validate_project_name`, 0.43.0). */
const ENDS =
  /_(system|configs|traces|artifacts|artifact_versions|artifact_aliases|run_artifact_links|external_run_artifact_links)$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

/** Whether Trackio takes a name of a project, and calls the project's file by it. */
export function isTrackioProject(name: string): boolean {
  return NAME.test(name) && !name.startsWith('registry-') && !ENDS.test(name);
}

/** Trackio's folder: `TRACKIO_DIR`, else `trackio` in the one of Hugging Face (`HF_HOME`). */
export function trackioFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { TRACKIO_DIR, HF_HOME, XDG_CACHE_HOME } = environment;
  if (TRACKIO_DIR) return TRACKIO_DIR;
  const cache = XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(HF_HOME || join(cache, 'huggingface'), 'trackio');
}

/**
 * Lays records into Trackio's inbox as a fragment: lines of JSON in a file that is whole or not there. A
 * dashboard of Trackio (0.28 or newer) that is open, or the next one, takes them into the SQLite file of
 * the project, and removes the fragment. The fragment is called by its first step: what is said again of
 * the same steps stands for it, and of what Trackio has by then it drops each record that it knows by its id.
 *
 * Trackio may remove the run's folder whenever it is empty; it is then made again.
 *
 * @throws LacunaError where it cannot be written.
 */
export async function addFragment(
  folder: string,
  run: TrackioRun,
  records: readonly TrackioRecord[],
): Promise<void> {
  const [first] = records;
  if (first === undefined) return;
  const inbox = join(folder, 'inbox', run.runId);
  const path = join(inbox, `${String(first.step).padStart(8, '0')}.jsonl`);
  const text = encodeFragment(run, records);
  for (let triesLeft = 2; ; triesLeft--) {
    try {
      await makeFolder(inbox);
      return await replaceFile(path, text);
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}

/** The text of a fragment: the format of Trackio's `fragments.py`, version 1. The first record has the settings. */
export function encodeFragment(
  { project, run, runId, config }: TrackioRun,
  records: readonly TrackioRecord[],
): string {
  const lines = records.map(({ wallTime, step, values, id }, index) =>
    JSON.stringify({
      v: 1,
      kind: 'metric',
      project,
      run,
      run_id: runId,
      metrics: values,
      step,
      timestamp: new Date(1000 * wallTime).toISOString().replace('Z', '+00:00'),
      config: index === 0 ? config : null,
      log_id: `${runId}-${id}`,
    }),
  );
  return lines.map((line) => `${line}\n`).join('');
}
