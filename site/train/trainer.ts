import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { WebgpuBackend } from '../../backends/webgpu/backend.js';
import { drawDemoData } from '../../data/index.js';
import { type Reconstruction, reconstruction, strips } from '../../evaluation/index.js';
import { makeFolder } from '../../formats/file-operations.js';
import {
  type GivenPaths,
  placedSettings,
  type RunManifest,
  type RunSettings,
  readEvaluations,
  readManifest,
  readMetrics,
  videoConfigOf,
} from '../../run/index.js';
import { LacunaError } from '../../spec/errors.js';
import { type PretrainEvent, pretrain, resumePretraining } from '../../training/tasks/pretrain.js';
import { filesUnder } from '../node/memory-disk.js';
import { WORKING_FOLDER } from '../node/working-folder.js';
import type { ClipPictures, FromTrainer, MemoryCounts, RunState } from './messages.js';
import { type RunOptions, runSettings } from './run-options.js';
import { tarOf, unpackRun } from './run-tar.js';

/** Folders in memory: where runs begin, what is opened is unpacked, and data lie that an opened run brings not along. */
const NEW = '/new';
const OPENED = '/opened';
const DRAWN = '/drawn';
/** Held-out clips that are shown. */
const SHOWN_CLIPS = 3;

/** What a trainer is given by whoever starts it. */
export interface TrainerTools {
  readonly version: string;
  openBackend(): Promise<WebgpuBackend>;
  post(message: FromTrainer): void;
}

/**
 * The run of a page: the loop, the tasks and the run folder of the command line, over files in memory. Paused, it is a
 * run that was stopped, with a checkpoint; to go on is to resume it.
 */
export class Trainer {
  readonly #tools: TrainerTools;
  /** The folder that is downloaded, and the run in it. */
  #root: string | undefined;
  #run: string | undefined;
  #stop: AbortController | undefined;
  #backend: WebgpuBackend | undefined;
  #step = 0;

  constructor(tools: TrainerTools) {
    this.#tools = tools;
  }

  /** Begins a run; one that was there before is gone. */
  async begin(options: RunOptions): Promise<void> {
    await this.#attempt(async (backend, signal) => {
      await this.#forget();
      await makeFolder(WORKING_FOLDER);
      this.#doing('The clips are drawn, words are counted, and kernels are compiled.');
      const { clips: trainClips, heldOut: testClips } = options;
      await drawDemoData(join(WORKING_FOLDER, 'data'), { trainClips, testClips });
      [this.#root, this.#run] = [NEW, join(WORKING_FOLDER, 'run')];
      const settings = runSettings(options);
      return pretrain(settings, backend, { ...this.#watch(backend, settings), signal });
    });
  }

  /** Opens a run that was kept, and goes on with it. */
  async open(tar: Uint8Array): Promise<void> {
    await this.#attempt(async (backend, signal) => {
      await this.#forget();
      this.#doing('The file is unpacked.');
      [this.#run, this.#root] = [await unpackRun(tar, OPENED), OPENED];
      return this.#resume(backend, signal);
    });
  }

  async goOn(): Promise<void> {
    await this.#attempt((backend, signal) => this.#resume(backend, signal));
  }

  /** Ends the training after the step that is being computed. */
  pause(): void {
    if (this.#stop === undefined) return;
    this.#state('pausing');
    this.#stop.abort();
  }

  /** Hands over the run as it is: what is written of it, its last checkpoint, and its data. */
  download(): void {
    if (this.#root === undefined) return;
    const files = new Map<string, Uint8Array>();
    for (const [name, { bytes }] of filesUnder(this.#root)) {
      if (isKept(name)) files.set(name, bytes);
    }
    this.#tools.post({ kind: 'tar', tar: tarOf(files), step: this.#step });
  }

  async #resume(backend: WebgpuBackend, signal: AbortSignal): Promise<{ finished: boolean }> {
    const run = this.#run;
    if (run === undefined) throw new LacunaError({ what: 'there is no run to go on with' });
    const manifest = await readManifest(run);
    const placed = await placedSettings(run, manifest);
    const paths = (await isThere(placed.data.list)) ? {} : await this.#drawnPaths(manifest);
    const settings = await placedSettings(run, manifest, paths);
    const watch = this.#watch(backend, settings);
    return resumePretraining(run, backend, { ...watch, signal }, { paths, workers: 0 });
  }

  /** Data of a run that came without its own: clips of the demo, which the run's digests are held to. */
  async #drawnPaths({ data, evaluation }: RunManifest): Promise<GivenPaths> {
    this.#doing('The clips are drawn, and kernels are compiled.');
    await rm(DRAWN, { recursive: true, force: true });
    const trainClips = Math.min(50_000, data.clips);
    const testClips = Math.min(64, evaluation?.clips ?? 64);
    const { trainList, testList } = await drawDemoData(DRAWN, { trainClips, testClips });
    return { list: trainList, ...(evaluation === undefined ? {} : { evaluationList: testList }) };
  }

  /** Opens the GPU, trains, and tells how it ended. */
  async #attempt(
    work: (backend: WebgpuBackend, signal: AbortSignal) => Promise<{ finished: boolean }>,
  ): Promise<void> {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#state('preparing');
    try {
      const backend = await this.#opened();
      const { device, emulated = false } = backend.info;
      this.#tools.post({ kind: 'device', name: device, isSoftware: emulated });
      const { finished } = await work(backend, stop.signal);
      this.#state(finished ? 'finished' : 'paused');
    } catch (error) {
      // What may be lost is opened anew.
      await this.#backend?.dispose().catch(() => {});
      this.#backend = undefined;
      this.#state('failed', sentenceOf(error));
    } finally {
      this.#stop = undefined;
    }
  }

  /** The GPU, with the kernels of the run before it; anew where it was lost meanwhile. */
  async #opened(): Promise<WebgpuBackend> {
    try {
      this.#backend?.runtime.check();
    } catch {
      await this.#backend?.dispose().catch(() => {});
      this.#backend = undefined;
    }
    this.#backend ??= await this.#tools.openBackend();
    return this.#backend;
  }

  #watch(
    backend: WebgpuBackend,
    settings: RunSettings,
  ): { readonly version: string; readonly onEvent: (event: PretrainEvent) => void } {
    return {
      version: this.#tools.version,
      onEvent: (event) => this.#tell(event, backend, settings),
    };
  }

  #tell(event: PretrainEvent, backend: WebgpuBackend, settings: RunSettings): void {
    const { post } = this.#tools;
    switch (event.kind) {
      case 'ready':
        void this.#ready(event.folder, event.steps, event.doneSteps);
        return;
      case 'step': {
        const { kind, steps: _, clips: __, samples: ___, ...line } = event;
        this.#step = line.step;
        post({ kind, line, memory: memoryOf(backend) });
        return;
      }
      case 'evaluation': {
        const { kind, result, ...line } = event;
        post({ kind, line });
        if (line.evaluator !== reconstruction.name) return;
        const clips = (result as readonly Reconstruction[]).slice(0, SHOWN_CLIPS);
        post({
          kind: 'pictures',
          step: line.step,
          clips: clips.map((clip) => pictures(clip, settings)),
        });
        return;
      }
      case 'checkpoint':
        post({ kind: 'checkpoint', step: event.step });
        return;
      case 'problem':
        post({ kind: 'note', text: event.reason });
        return;
      case 'note':
        post({ kind: 'note', text: event.text });
    }
  }

  async #ready(folder: string, steps: number, doneSteps: number): Promise<void> {
    this.#step = doneSteps;
    const metrics = (await readMetrics(folder)).filter(({ step }) => step <= doneSteps);
    const evaluations = (await readEvaluations(folder)).filter(({ step }) => step <= doneSteps);
    this.#tools.post({ kind: 'ready', steps, doneSteps, metrics, evaluations });
    if (this.#stop?.signal.aborted === false) this.#state('training');
  }

  async #forget(): Promise<void> {
    [this.#root, this.#run, this.#step] = [undefined, undefined, 0];
    for (const folder of [NEW, OPENED, DRAWN]) await rm(folder, { recursive: true, force: true });
  }

  #state(state: RunState, problem?: string): void {
    this.#tools.post({ kind: 'state', state, ...(problem === undefined ? {} : { problem }) });
  }

  #doing(text: string): void {
    this.#tools.post({ kind: 'doing', text });
  }
}

/** Whether a file is part of what is kept: no lock, and nothing that is half written. */
function isKept(name: string): boolean {
  return !/(^|\/)lock$|\.partial-/.test(name);
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function pictures(clip: Reconstruction, settings: RunSettings): ClipPictures {
  const { id, caption = '' } = clip;
  return { id, caption, strips: strips(clip, videoConfigOf(settings), settings.mae.target) };
}

function memoryOf({ liveTensors, runtime: { buffers } }: WebgpuBackend): MemoryCounts {
  return { tensors: liveTensors, buffers: buffers.live, buffersMade: buffers.made };
}

/** A failure in a sentence; what no person can have caused is told as a defect, with where it is. */
function sentenceOf(error: unknown): string {
  if (error instanceof LacunaError) {
    const { message } = error;
    return `${message.slice(0, 1).toUpperCase()}${message.slice(1)}`;
  }
  const told = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
  return `This is a defect of Lacuna; please report it with these lines. ${told}`;
}
