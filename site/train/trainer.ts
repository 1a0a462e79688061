import { lstat, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WebgpuBackend } from '../../backends/webgpu/backend.js';
import { DEMO_VERSIONS, drawDemoData, readClipList } from '../../data/index.js';
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
import { failureText } from '../frame/failure.js';
import { filesUnder } from '../node/memory-disk.js';
import { WORKING_FOLDER } from '../node/working-folder.js';
import type { ClipPictures, FromTrainer, MemoryCounts, RunState } from './messages.js';
import { type RunOptions, runSettings } from './run-options.js';
import { isKept, tarOf, type UnpackedRun, unpackRun } from './run-tar.js';

/** In memory: where runs begin, an opened one lies, and data that it brings not along; what is being unpacked. */
const NEW = '/new';
const OPENED = '/opened';
const UNPACKED = '/unpacked';
const TAR = '/unpacked.tar';
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
  /** The step of the last checkpoint. */
  #saved = 0;

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

  /**
   * Opens a run that was kept, and goes on with it. The one that was there before is gone only once this one is known
   * to be a run.
   */
  open(tar: Uint8Array): Promise<void> {
    if (this.#stop !== undefined) return Promise.resolve();
    // Nothing holds the bytes of the tar while its run trains.
    return writeFile(TAR, tar).then(() =>
      this.#attempt(async (backend, signal) => {
        this.#doing('The file is unpacked.');
        const { root, run } = await this.#unpacked();
        await this.#forget();
        await rename(UNPACKED, OPENED);
        [this.#root, this.#run] = [join(OPENED, root), join(OPENED, run)];
        this.#tools.post({ kind: 'opened' });
        return this.#resume(backend, signal);
      }),
    );
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
    try {
      this.#tools.post({ kind: 'tar', tar: tarOf(files), step: this.#saved });
    } catch (error) {
      this.#note(`The run could not be handed over. ${failureText(error)}`);
    }
  }

  async #unpacked(): Promise<UnpackedRun> {
    try {
      const unpacked = await unpackRun(TAR, UNPACKED);
      await readManifest(join(UNPACKED, unpacked.run));
      return unpacked;
    } catch (error) {
      await rm(UNPACKED, { recursive: true, force: true });
      throw error;
    } finally {
      await rm(TAR);
    }
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

  /** Data of a run that came without its own: clips of the demo, of the version whose list is the one that it began with. */
  async #drawnPaths({ data, evaluation }: RunManifest): Promise<GivenPaths> {
    this.#doing('The clips are drawn, and kernels are compiled.');
    const trainClips = Math.min(50_000, data.clips);
    const testClips = Math.min(64, evaluation?.clips ?? 64);
    let paths: GivenPaths = {};
    for (const version of DEMO_VERSIONS) {
      await rm(DRAWN, { recursive: true, force: true });
      const { trainList, testList } = await drawDemoData(DRAWN, { trainClips, testClips, version });
      paths = {
        list: trainList,
        ...(evaluation === undefined ? {} : { evaluationList: testList }),
      };
      const { digest } = await readClipList(trainList, () => {});
      if (digest === data.digest) break;
    }
    // Where none is, whoever reads the list says so.
    return paths;
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
      this.#state('failed', failureText(error));
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
        this.#ready(event.folder, event.steps, event.doneSteps).catch((error: unknown) =>
          this.#note(`What the run has written cannot be shown. ${failureText(error)}`),
        );
        return;
      case 'step': {
        const { kind, steps: _, clips: __, samples: ___, ...line } = event;
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
        this.#saved = event.step;
        post({ kind: 'checkpoint', step: event.step });
        return;
      case 'problem':
        this.#note(event.reason);
        return;
      case 'note':
        this.#note(event.text);
    }
  }

  async #ready(folder: string, steps: number, doneSteps: number): Promise<void> {
    this.#saved = doneSteps;
    const metrics = (await readMetrics(folder)).filter(({ step }) => step <= doneSteps);
    const evaluations = (await readEvaluations(folder)).filter(({ step }) => step <= doneSteps);
    this.#tools.post({ kind: 'ready', steps, doneSteps, metrics, evaluations });
    if (this.#stop?.signal.aborted === false) this.#state('training');
  }

  async #forget(): Promise<void> {
    [this.#root, this.#run, this.#saved] = [undefined, undefined, 0];
    for (const folder of [NEW, OPENED, DRAWN]) await rm(folder, { recursive: true, force: true });
  }

  #state(state: RunState, problem?: string): void {
    this.#tools.post({ kind: 'state', state, ...(problem === undefined ? {} : { problem }) });
  }

  #note(text: string): void {
    this.#tools.post({ kind: 'note', text });
  }

  #doing(text: string): void {
    this.#tools.post({ kind: 'doing', text });
  }
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
