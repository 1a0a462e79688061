import { appendFile, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../formats/whole-file.js';
import { LacunaError } from '../spec/index.js';
import type { ManifestBase, Manifests, RunManifest, TaskName } from './manifest.js';

/** One line of `metrics.jsonl`. */
export interface StepMetrics {
  /** Counted from 1. */
  readonly step: number;
  readonly epoch: number;
  /**
   * `loss`, `loss.mae`, `loss.contrastive`, `grad_norm`, `loss_scale`, `skipped`, as the plan returns
   * them; a skipped step has no `grad_norm` where that is no number.
   */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Seconds of the whole step, waiting included. */
  readonly stepSeconds: number;
  /** Seconds that it waited for data. */
  readonly waitSeconds: number;
  /** Of how many clips the motion was taken from where, for the masks that are guided by it. */
  readonly motion?: {
    readonly codec: number;
    readonly blockMatching: number;
    /** Only in runs that measure it by a model of optical flow. */
    readonly raft?: number;
  };
}

/** One line of `evaluations.jsonl`: what the model was worth after a step. */
export interface StepEvaluation {
  /** Steps that were done. */
  readonly step: number;
  readonly evaluator: string;
  /** By name; the first is the one that a progress line shows. */
  readonly scores: Readonly<Record<string, number>>;
}

/** A clip that could not be used. */
export interface DataProblem {
  readonly id: string;
  readonly reason: string;
  /** The clip was used all the same: it lacks some of its frames. */
  readonly used?: true;
}

const MANIFEST = 'manifest.json';
const METRICS = 'metrics.jsonl';
const PROBLEMS = 'problems.jsonl';
const EVALUATIONS = 'evaluations.jsonl';
const LOCK = 'lock';
const MAX_MANIFEST_BYTES = 2 ** 20;

/** The folder of a run, held by one process at a time. */
export class RunFolder<N extends TaskName = 'pretrain'> {
  readonly path: string;
  readonly manifest: Manifests[N];

  private constructor(path: string, manifest: Manifests[N]) {
    this.path = path;
    this.manifest = manifest;
  }

  /** Begins a run. @throws LacunaError where the folder holds one already, or anything else. */
  static async create<N extends TaskName = 'pretrain'>(
    path: string,
    manifest: Manifests[N],
  ): Promise<RunFolder<N>> {
    await refuseUsed(path);
    await mkdir(path, { recursive: true });
    await lock(path);
    await replaceFile(join(path, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return new RunFolder<N>(path, manifest);
  }

  /** Continues a run of a task: takes the lock. */
  static async resume<N extends TaskName>(path: string, task: N): Promise<RunFolder<N>> {
    const manifest = await readTaskManifest(path, task);
    await lock(path);
    return new RunFolder<N>(path, manifest);
  }

  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  /** The teacher's embeddings of the captions: see `CaptionEmbeddings`. */
  get captionEmbeddings(): string {
    return join(this.path, 'teacher.safetensors');
  }

  get tokenizer(): string {
    return join(this.path, 'tokenizer.json');
  }

  /** The features of the clips of a linear probe: see `ProbeFeatures`. */
  get features(): string {
    return join(this.path, 'features.safetensors');
  }

  async appendMetrics(metrics: StepMetrics): Promise<void> {
    await appendFile(join(this.path, METRICS), `${JSON.stringify(metrics)}\n`);
  }

  async appendProblem(problem: DataProblem): Promise<void> {
    await appendFile(join(this.path, PROBLEMS), `${JSON.stringify(problem)}\n`);
  }

  async appendEvaluation(evaluation: StepEvaluation): Promise<void> {
    await appendFile(join(this.path, EVALUATIONS), `${JSON.stringify(evaluation)}\n`);
  }

  /** Drops what is written about steps after `step`, which a resumed run does again. */
  async rewind(step: number): Promise<void> {
    await rewindLines(join(this.path, METRICS), await readMetrics(this.path), step);
    const evaluations = await readEvaluations(this.path);
    if (evaluations.length > 0) {
      await rewindLines(join(this.path, EVALUATIONS), evaluations, step);
    }
  }

  async release(): Promise<void> {
    await rm(join(this.path, LOCK), { force: true });
  }
}

/** The manifest of a pretraining run: see `readTaskManifest`. */
export function readManifest(path: string): Promise<RunManifest> {
  return readTaskManifest(path, 'pretrain');
}

/** @throws LacunaError where the folder is no run, half of one, or one of another task. */
export async function readTaskManifest<N extends TaskName>(
  path: string,
  task: N,
): Promise<Manifests[N]> {
  const manifest = await readAnyManifest(path);
  const { task: found = 'pretrain' } = manifest;
  if (isOf(manifest, task)) return manifest;
  const known = Object.hasOwn(TASKS, found);
  throw new LacunaError({
    where: path,
    what: `this folder holds ${known ? TASKS[found].holds : 'a run of a task that this version does not know'}`,
    got: `task ${found}`,
    expected: TASKS[task].holds,
    ...(known ? { fix: `${TASKS[found].use} ${path}` } : {}),
  });
}

function isOf<N extends TaskName>(manifest: ManifestBase, task: N): manifest is Manifests[N] {
  return (manifest.task ?? 'pretrain') === task;
}

/** What the folder of a task holds, and what continues it. */
const TASKS: Readonly<Record<TaskName, { readonly holds: string; readonly use: string }>> = {
  pretrain: { holds: 'a pretraining run', use: 'Continue it with: lacuna pretrain --resume' },
  'linear-probe': { holds: 'a linear probe', use: 'Continue it with: lacuna probe --resume' },
};

async function readAnyManifest(path: string): Promise<ManifestBase> {
  const file = join(path, MANIFEST);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) {
    throw new LacunaError({
      where: path,
      what: 'this folder holds no run: it has no manifest.json',
      fix: 'Name the folder that pretraining wrote; if a run was killed in its first second, start it anew.',
    });
  }
  try {
    if (found.size > MAX_MANIFEST_BYTES) throw new Error('it is too large');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Partial<RunManifest>;
    if (manifest.format !== 1 || manifest.settings === undefined)
      throw new Error('keys are missing');
    return manifest as ManifestBase;
  } catch (cause) {
    throw new LacunaError(
      {
        where: file,
        what: 'the manifest of this run is damaged',
        got: cause instanceof Error ? cause.message : String(cause),
        fix: 'Restore it from a copy, or start the run anew in another folder.',
      },
      { cause },
    );
  }
}

/** The metrics of all steps so far; a line that was cut off by a kill is left out. */
export async function readMetrics(path: string): Promise<StepMetrics[]> {
  return readLines<StepMetrics>(join(path, METRICS), (line) => typeof line.step === 'number');
}

/** What the model was worth in between, in the order in which it was judged. */
export async function readEvaluations(path: string): Promise<StepEvaluation[]> {
  return readLines<StepEvaluation>(
    join(path, EVALUATIONS),
    (line) => typeof line.step === 'number',
  );
}

/** The clips that could not be used, each once. */
export async function readProblems(path: string): Promise<DataProblem[]> {
  const all = await readLines<DataProblem>(
    join(path, PROBLEMS),
    ({ id }) => typeof id === 'string',
  );
  return [...new Map(all.map((problem) => [problem.id, problem])).values()];
}

async function rewindLines(
  file: string,
  lines: readonly { readonly step: number }[],
  step: number,
): Promise<void> {
  const kept = lines.filter((each) => each.step <= step);
  await replaceFile(file, kept.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

async function readLines<T>(file: string, valid: (line: T) => boolean): Promise<T[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines: T[] = [];
  for (const line of text.split('\n')) {
    try {
      const value = JSON.parse(line) as T;
      if (typeof value === 'object' && value !== null && valid(value)) lines.push(value);
    } catch {
      // An empty last line, or one that a kill cut off: its step is not part of a checkpoint.
    }
  }
  return lines;
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
  if (names.length === 0) return;
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
          got: names.slice(0, 3).join(', '),
          fix: 'Choose another folder with --output, or empty this one.',
        },
  );
}

/** Takes the lock; one whose process is gone is taken over. */
async function lock(path: string): Promise<void> {
  const file = join(path, LOCK);
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'EEXIST') throw error;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (isRunning(holder)) {
      throw new LacunaError({
        where: path,
        what: `another process is writing this run (process ${holder})`,
        fix: 'Wait until it ends, or stop it.',
      });
    }
    await rm(file, { force: true });
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
