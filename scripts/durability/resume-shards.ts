import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ONNX } from '../../backends/onnx/index.js';
import {
  type ClipLoaderOptions,
  listFile,
  makeDemoData,
  makeShards,
  readClipList,
} from '../../data/index.js';
import { clipSampling } from '../../run/feeds/clip-sampling.js';
import { parseConfig, type RunSettings, resolveSettings } from '../../run/index.js';
import { type PretrainEvent, pretrain, resumePretraining } from '../../training/index.js';
import { drawsOf } from './draws.js';
import { otherRows } from './shared-rows.js';

/** What a run on shards that was stopped and resumed gave, beside one that ran straight. */
export interface ResumedShards {
  /** Places where it was stopped and went on with another number of workers. */
  readonly points: number;
  readonly steps: number;
  readonly shards: number;
  /** Steps whose samples differ. */
  readonly otherSamples: readonly number[];
  /** Places where a byte of the checkpoint differs; the end of the run among them. */
  readonly otherStates: readonly number[];
  /** Steps of a run in two microbatches whose samples differ. */
  readonly otherInParts: readonly number[];
  /** Steps whose batch 1, 2 and 4 processes in turn, each with its rows, do not have; where they were compared. */
  readonly otherInProcesses?: readonly number[];
}

export interface ResumeShardsOptions {
  readonly clips: number;
  readonly clipsPerShard: number;
  readonly steps: number;
  readonly points: number;
  readonly seed: number;
  /** Whether the rows of several processes are compared as well: they start many threads. @defaultValue false */
  readonly processes?: boolean;
  readonly onPoint?: (point: number) => void;
}

const BATCH = 4;
/** Workers that take turns. */
const WORKERS = [1, 4] as const;

/**
 * Trains on shards straight, with one worker and a checkpoint after each step; and once more, stopped at
 * so many random steps and resumed there with 4 workers, with 1, with 4, ...: at each of them, and in the
 * end, the checkpoints must be the same to the byte, and each step's samples the same.
 */
export async function resumeShards(options: ResumeShardsOptions): Promise<ResumedShards> {
  const { clips, clipsPerShard, steps, points, seed, processes = false, onPoint } = options;
  const folder = await mkdtemp(join(tmpdir(), 'lacuna-resume-shards-'));
  const backend = await ONNX.open();
  try {
    const demo = await makeDemoData(join(folder, 'data'), { trainClips: clips, testClips: 4 });
    const list = await readClipList(demo.trainList, () => {});
    const { shards } = await makeShards(list, demo.folder, join(folder, 'shards'), {
      recipe: { content: 'video', clipsPerShard, size: 64, quality: 20 },
      workers: 2,
    });
    const settings = (output: string, changes: object = {}): RunSettings =>
      resolveSettings(
        parseConfig({
          data: { list: listFile(join(folder, 'shards')), workers: 1 },
          output: join(folder, output),
          preset: 'tiny-mae',
          batch: BATCH,
          seed,
          schedule: { steps },
          ...changes,
        }),
      );
    const every = { everySteps: 1, keep: Math.min(1000, steps) };
    const straight = new Samples();
    await pretrain(settings('straight', { checkpoints: every }), backend, straight.options());
    const stops = stopsOf(points, steps, seed);
    const resumed = new Samples();
    const otherStates: number[] = [];
    const run = join(folder, 'resumed');
    for (const [i, stop] of [...stops, steps].entries()) {
      const workers = WORKERS[i % WORKERS.length] as number;
      const until = resumed.options(stop);
      if (i === 0) {
        await pretrain(settings('resumed', { checkpoints: { everySteps: 1000 } }), backend, until);
      } else await resumePretraining(run, backend, until, { workers });
      const [own, other] = [run, join(folder, 'straight')].map((path) => stateAt(path, stop));
      if ((await own) !== (await other)) otherStates.push(stop);
      onPoint?.(i);
    }
    const parts = new Samples();
    await pretrain(settings('parts', { microbatches: 2 }), backend, parts.options());
    const { seed: own, clip, batch } = settings('processes');
    const { records } = await readClipList(listFile(join(folder, 'shards')), () => {});
    const rows: ClipLoaderOptions = {
      root: join(folder, 'shards'),
      records,
      sampling: clipSampling({ clip }),
      seed: own,
      batchSize: batch,
    };
    return {
      points: stops.length,
      steps,
      shards,
      otherSamples: straight.differing(resumed, steps),
      otherStates,
      otherInParts: straight.differing(parts, steps),
      ...(processes ? { otherInProcesses: await otherRows(rows, steps, stops) } : {}),
    };
  } finally {
    await backend.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The samples of each step of a run. */
class Samples {
  readonly #steps = new Map<number, string>();

  /** Watches a run, and stops it after a step. */
  options(stop?: number): Parameters<typeof pretrain>[2] {
    const controller = new AbortController();
    return {
      version: 'test',
      signal: controller.signal,
      onEvent: (event: PretrainEvent) => {
        if (event.kind !== 'step') return;
        this.#steps.set(event.step, event.samples.join('\n'));
        if (event.step === stop) controller.abort();
      },
    };
  }

  /** Steps that another run has other samples in, or none. */
  differing(other: Samples, steps: number): readonly number[] {
    return Array.from({ length: steps }, (_, i) => i + 1).filter((step) => {
      const own = this.#steps.get(step);
      return own === undefined || own !== other.#steps.get(step);
    });
  }
}

/** So many different steps before the last, in order. */
function stopsOf(points: number, steps: number, seed: number): readonly number[] {
  const draw = drawsOf(seed);
  const stops = new Set<number>();
  while (stops.size < Math.min(points, steps - 1)) stops.add(1 + Math.floor(draw() * (steps - 1)));
  return [...stops].sort((a, b) => a - b);
}

/** A digest of all files of the checkpoint of a step. */
async function stateAt(run: string, step: number): Promise<string> {
  const folder = join(run, 'checkpoints', `step-${String(step).padStart(8, '0')}`);
  const digest = createHash('sha256');
  for (const name of (await readdir(folder)).sort())
    digest.update(`${name}\n`).update(await readFile(join(folder, name)));
  return digest.digest('hex');
}
