import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, removeFile } from '../formats/file-operations.js';
import { cutLineFile, LineFile, readLineFile } from '../formats/line-file.js';
import { Lock, type LockPurpose } from '../formats/lock.js';
import { sealJson } from '../formats/sealed-json.js';
import { PARTIAL, replaceFile } from '../formats/whole-file.js';
import { LacunaError } from '../spec/index.js';
import { EventLog } from './event-log.js';
import type { Manifests, TaskName } from './manifest.js';
import { MANIFEST, readTaskManifest } from './read-manifest.js';
import {
  type DataProblem,
  parseEvaluation,
  parseMetrics,
  parseProblem,
  parseSamples,
  type StepEvaluation,
  type StepMetrics,
  type StepSamples,
  samplesOfLines,
} from './run-lines.js';
import type { RunLog } from './run-log.js';
import { TrackioLog } from './trackio-log.js';

export { readManifest, readTaskManifest, taskOf } from './read-manifest.js';
export type { DataProblem, StepEvaluation, StepMetrics, StepSamples } from './run-lines.js';

/** Its files, for those that only look on. */
export const METRICS = 'metrics.jsonl';
export const PROBLEMS = 'problems.jsonl';
export const EVALUATIONS = 'evaluations.jsonl';
const SAMPLES = 'samples.jsonl';
export const LOCK = 'lock';
const WRITES: LockPurpose['doing'] = 'writing this run';

/**
 * The folder of a run, held by one process at a time. Where several train the run together, the others of them look on:
 * what they are told to write, they do not.
 */
export class RunFolder<N extends TaskName = 'pretrain'> {
  readonly path: string;
  /** Undefined for one that looks on. */
  readonly #lock: Lock | undefined;
  readonly #metrics: LineFile;
  readonly #problems: LineFile;
  readonly #evaluations: LineFile;
  readonly #samples: LineFile;
  /** What other programs are told, where it is asked for. */
  readonly #logs: readonly RunLog[];
  #manifest: Manifests[N];

  private constructor(path: string, manifest: Manifests[N], lock: Lock | undefined) {
    this.path = path;
    this.#manifest = manifest;
    this.#lock = lock;
    this.#metrics = new LineFile(join(path, METRICS));
    this.#problems = new LineFile(join(path, PROBLEMS));
    this.#evaluations = new LineFile(join(path, EVALUATIONS));
    this.#samples = new LineFile(join(path, SAMPLES));
    this.#logs = lock === undefined ? [] : logsOf(path, manifest);
  }

  get manifest(): Manifests[N] {
    return this.#manifest;
  }

  /**
   * Begins a run. The manifest comes last: without it the folder holds no run, and one that was killed
   * before may be begun again.
   *
   * @param fill Writes what a resumed run reads, and returns what the manifest says of it.
   * @throws LacunaError where the folder holds a run already, or anything else, or cannot be written.
   */
  static async create<N extends TaskName = 'pretrain'>(
    path: string,
    manifest: Manifests[N],
    fill: (folder: RunFolder<N>) => Promise<Partial<Manifests[N]>> = async () => ({}),
  ): Promise<RunFolder<N>> {
    await refuseUsed(path);
    await makeFolder(path);
    const lock = await takeLock(path);
    const folder = new RunFolder<N>(path, manifest, lock);
    try {
      await refuseUsed(path);
    } catch (error) {
      // Another process was quicker: what lies here is its own.
      await folder.release();
      throw error;
    }
    try {
      // Of one that was killed before: its files would be in the way, and its problems be told twice.
      await folder.#removeBegun();
      await folder.replaceManifest({ ...manifest, ...(await fill(folder)) });
      return folder;
    } catch (error) {
      await folder.#abandon();
      throw error;
    }
  }

  /**
   * Continues a run of a task: takes the lock, and removes what a killed process left half-written.
   *
   * @param onNote Told of lines that a kill, a full disk or a loss of power has damaged.
   */
  static async resume<N extends TaskName>(
    path: string,
    task: N,
    onNote: (text: string) => void = () => {},
  ): Promise<RunFolder<N>> {
    const manifest = await readTaskManifest(path, task);
    const lock = await takeLock(path);
    const folder = new RunFolder<N>(path, manifest, lock);
    try {
      await removeLeftovers(path);
      await folder.#cut(() => true, onNote);
      return folder;
    } catch (error) {
      await folder.release();
      throw error;
    }
  }

  /** The folder of a run that another process of its group holds: it is read, and nothing is written. */
  static async look<N extends TaskName>(path: string, task: N): Promise<RunFolder<N>> {
    return new RunFolder<N>(path, await readTaskManifest(path, task), undefined);
  }

  /** Whether this process writes it. */
  get isOwn(): boolean {
    return this.#lock !== undefined;
  }

  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  /** The teacher's embeddings of the captions: see `CaptionEmbeddings`. */
  get captionEmbeddings(): string {
    return join(this.path, 'teacher.safetensors');
  }

  /** The weights that the run begins with, where they were taken from elsewhere: see `InitialState`. */
  get initial(): string {
    return join(this.path, 'initial.safetensors');
  }

  get tokenizer(): string {
    return join(this.path, 'tokenizer.json');
  }

  /** The features of the clips of a linear probe: see `ProbeFeatures`. */
  get features(): string {
    return join(this.path, 'features.safetensors');
  }

  async appendMetrics(metrics: StepMetrics): Promise<void> {
    if (!this.isOwn) return;
    await this.#metrics.add(metrics);
    for (const log of this.#logs) await log.addMetrics(metrics);
  }

  async appendProblem(problem: DataProblem): Promise<void> {
    if (this.isOwn) await this.#problems.add(problem);
  }

  /** The ids of the samples of a step, where the run keeps them. */
  async appendSamples(step: number, ids: readonly string[]): Promise<void> {
    const { settings } = this.#manifest;
    if (!this.isOwn || !('ledger' in settings && settings.ledger === true)) return;
    let first = 0;
    for (const samples of samplesOfLines(ids)) {
      await this.#samples.add({ step, first, samples } satisfies StepSamples);
      first += samples.length;
    }
  }

  async appendEvaluation(evaluation: StepEvaluation): Promise<void> {
    if (!this.isOwn) return;
    await this.#evaluations.add(evaluation);
    for (const log of this.#logs) await log.addEvaluation(evaluation);
  }

  /**
   * Before a checkpoint: what was written about its steps is made durable, and the lock looked at.
   *
   * @throws LacunaError where another process may be writing here by now.
   */
  async sync(): Promise<void> {
    if (this.#lock === undefined) return;
    await this.#lock.requireHeld({ where: this.path, doing: WRITES });
    for (const lines of this.#lines) await lines.sync();
  }

  /** Hands other programs what was told of the steps until now. */
  async syncLogs(): Promise<void> {
    for (const log of this.#logs) await log.sync();
  }

  /** Writes another manifest: that of a run which is made longer. */
  async replaceManifest(manifest: Manifests[N]): Promise<void> {
    if (this.isOwn) await replaceFile(join(this.path, MANIFEST), sealJson(manifest));
    this.#manifest = manifest;
  }

  /** Drops what is written about steps after `step`, which a resumed run does again. */
  async rewind(step: number): Promise<void> {
    if (!this.isOwn) return;
    for (const log of this.#logs) await log.cut(step);
    await this.#cut(
      (line) => line.step <= step,
      () => {},
    );
  }

  async release(): Promise<void> {
    for (const lines of this.#lines) await lines.close().catch(() => {});
    for (const log of this.#logs) await log.close().catch(() => {});
    await this.#lock?.release();
  }

  get #lines(): readonly LineFile[] {
    return [this.#metrics, this.#problems, this.#evaluations, this.#samples];
  }

  /** Drops damaged lines, and those of steps that are not to be kept. */
  async #cut(
    keep: (line: { readonly step: number }) => boolean,
    onNote: (text: string) => void,
  ): Promise<void> {
    for (const lines of this.#lines) await lines.close();
    const torn = [
      [METRICS, await cutLineFile(this.#metrics.path, parseMetrics, keep)],
      [EVALUATIONS, await cutLineFile(this.#evaluations.path, parseEvaluation, keep)],
      [SAMPLES, await cutLineFile(this.#samples.path, parseSamples, keep)],
      [PROBLEMS, await cutLineFile(this.#problems.path, parseProblem, () => true)],
    ] as const;
    for (const [name, count] of torn) {
      if (count > 0) onNote(damagedLines(join(this.path, name), count));
    }
  }

  /** After a beginning that failed: nothing of it stays. */
  async #abandon(): Promise<void> {
    await this.#removeBegun().catch(() => {});
    await this.release().catch(() => {});
  }

  async #removeBegun(): Promise<void> {
    for (const name of await readdir(this.path)) {
      if (BEGUN.test(name)) await removeFile(join(this.path, name));
    }
  }
}

function logsOf(path: string, manifest: Manifests[TaskName]): readonly RunLog[] {
  const { settings } = manifest;
  const logs: RunLog[] = [];
  if ('tensorboard' in settings && settings.tensorboard === true) logs.push(new EventLog(path));
  if ('trackio' in settings && settings.trackio !== undefined) {
    logs.push(new TrackioLog({ project: settings.trackio, path, manifest }));
  }
  return logs;
}

/** What a run that was killed before it had a manifest has left, beside its lock. */
const BEGUN =
  /^(tokenizer\.json|tokenizer_config\.json|teacher\.safetensors|features\.safetensors|initial\.safetensors|problems\.jsonl)(\.partial-.*)?$|^manifest\.json\.partial-/;

/** Removes half-written files; folders and what others put there stay. */
async function removeLeftovers(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isFile() && entry.name.includes(PARTIAL)) {
      await removeFile(join(path, entry.name));
    }
  }
}

function takeLock(path: string): Promise<Lock> {
  return Lock.take(join(path, LOCK), { where: path, doing: WRITES });
}

function damagedLines(path: string, count: number): string {
  const what = count === 1 ? 'one damaged line is' : `${count} damaged lines are`;
  return `${path}: ${what} left out.`;
}

/** Told of each file of which lines are left out, as a sentence. */
type OnNote = (text: string) => void;

/** The samples of all steps so far, by step, of a run that keeps them; damaged lines are left out. */
export async function readSamples(path: string): Promise<ReadonlyMap<number, readonly string[]>> {
  const found = new Map<number, readonly string[]>();
  for (const { step, samples } of await readLines(join(path, SAMPLES), parseSamples))
    found.set(step, [...(found.get(step) ?? []), ...samples]);
  return found;
}

/** The metrics of all steps so far; damaged lines are left out. */
export function readMetrics(path: string, onNote?: OnNote): Promise<StepMetrics[]> {
  return readLines(join(path, METRICS), parseMetrics, onNote);
}

/** What the model was worth in between, in the order in which it was judged. */
export function readEvaluations(path: string, onNote?: OnNote): Promise<StepEvaluation[]> {
  return readLines(join(path, EVALUATIONS), parseEvaluation, onNote);
}

/** The clips that could not be used, each once. */
export async function readProblems(path: string, onNote?: OnNote): Promise<DataProblem[]> {
  const all = await readLines(join(path, PROBLEMS), parseProblem, onNote);
  return [...new Map(all.map((problem) => [problem.id, problem])).values()];
}

function readLines<T>(
  path: string,
  parse: (value: unknown) => T | undefined,
  onNote: OnNote = () => {},
): Promise<T[]> {
  return readLineFile(path, parse, (count) => onNote(damagedLines(path, count)));
}

/** @throws LacunaError where no run can begin in a folder, since it holds one, or anything else. */
export async function refuseUsed(path: string): Promise<void> {
  const names: string[] = await readdir(path).catch((error: unknown): string[] => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return [];
    throw new LacunaError({
      where: path,
      what: 'the run folder cannot be used',
      got: String(code),
      fix: 'Choose another folder with --output.',
    });
  });
  const others = names.filter((name) => name !== LOCK && !name.startsWith(`${LOCK}${PARTIAL}`));
  if (others.length === 0) return;
  if (others.length < names.length && others.every((name) => BEGUN.test(name))) return;
  throw new LacunaError(
    names.includes(MANIFEST)
      ? {
          where: path,
          what: 'a run is there already',
          fix: `Continue it with --resume ${path}, or choose another folder with --output.`,
        }
      : {
          where: path,
          what: 'the folder is not empty and holds no run',
          got: others.slice(0, 3).join(', '),
          fix: 'Choose another folder with --output, or empty this one.',
        },
  );
}
