import type { HostTensor, Named } from '../core/backend.js';
import {
  type Clip,
  ClipReader,
  type ClipRecord,
  type DataRoot,
  fileInRoot,
} from '../data/index.js';
import { fileDigest } from '../formats/index.js';
import { clipSampling } from '../run/feeds/clip-sampling.js';
import { EMBEDDING_BATCH, embedRows, type TrainedModel, withProgram } from '../run/open-program.js';
import type { DataProblem } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import { videoConfig } from '../run/settings/settings.js';
import { clipTokens, LacunaError } from '../spec/index.js';
import type { EmbeddingCache, EmbeddingKey } from './embedding-cache.js';
import { videoProgram } from './embedding-programs.js';
import type { Watch } from './evaluator.js';
import { frames, incompleteClip, type ReadClip } from './read-clips.js';

/** Embeddings that are kept: where, and of which model (`modelDigest`). */
export interface Kept {
  readonly cache: EmbeddingCache;
  readonly model: string;
}

export interface EmbedClipsOptions {
  /** Clips of each video whose embeddings are averaged. @defaultValue 1, the middle */
  readonly windows?: number;
  /** @defaultValue nothing is kept */
  readonly kept?: Kept;
  readonly watch?: Watch;
}

/** Embeddings of the clips that could be read. */
export interface ClipEmbeddings {
  readonly records: readonly ClipRecord[];
  /** [D] of each record, of length 1. */
  readonly rows: readonly Float32Array[];
}

/**
 * Embeds each video: its clip, all tokens visible; of several windows the mean of their embeddings,
 * scaled to length 1. Frames are decoded ahead and not kept: the memory is that of the embeddings and a
 * batch. What is kept already, by the digest of the file itself, is not computed again; `watch` is told of
 * clips that are left out.
 */
export async function embedClips(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  { windows = 1, kept, watch = {} }: EmbedClipsOptions = {},
): Promise<ClipEmbeddings> {
  const found = new Map<string, Float32Array>();
  const keys = new Map<string, EmbeddingKey>();
  for (const record of kept === undefined ? [] : records) {
    const key = await keyOf(model, record, root, windows, kept);
    if (key === undefined) continue; // it cannot be read: the reader says why
    keys.set(record.id, key);
    const rows = await kept?.cache.read(key);
    if (rows !== undefined && rows.values.length === rows.width) found.set(record.id, rows.values);
    if (found.size > 0) watch.onProgress?.('clips known already', found.size, records.length);
  }
  const missing = records.filter(({ id }) => !found.has(id));
  const embedded = async (record: ClipRecord, row: Float32Array): Promise<void> => {
    found.set(record.id, row);
    const key = keys.get(record.id);
    if (key !== undefined) await kept?.cache.write(key, { width: row.length, values: row });
    watch.onProgress?.('clips embedded', found.size, records.length);
  };
  if (missing.length > 0) {
    const batch = Math.min(EMBEDDING_BATCH, records.length * windows);
    await embedMissing({ model, root, windows, batch, watch, keys }, missing, embedded);
  }
  const whole = records.filter(({ id }) => found.has(id));
  return { records: whole, rows: whole.map(({ id }) => found.get(id) as Float32Array) };
}

interface Job {
  readonly model: TrainedModel;
  readonly root: DataRoot;
  readonly windows: number;
  readonly batch: number;
  readonly watch: Watch;
  /** Of the clips that are to be kept. */
  readonly keys: Map<string, EmbeddingKey>;
}

async function embedMissing(
  { model, root, windows, batch, watch, keys }: Job,
  records: readonly ClipRecord[],
  embedded: (record: ClipRecord, row: Float32Array) => Promise<void>,
): Promise<void> {
  const { settings } = model;
  const sampling = clipSampling(settings);
  const workers = settings.data.workers ?? 2;
  await withProgram(model, videoProgram(model, batch), async (run) => {
    const reader = await ClipReader.open({ root, records, sampling, workers, windows });
    const means = new WindowMeans(windows);
    const told = new Set<string>();
    let waiting: ReadClip[] = [];
    const tell = (problem: DataProblem): void => {
      keys.delete(problem.id); // it is told of each time, and so read each time
      if (!told.has(problem.id)) watch.onProblem?.(problem);
      told.add(problem.id);
    };
    const flush = async (): Promise<void> => {
      const clips = waiting.map(({ clip }) => clip);
      const rows = await embedRows(run, clips, (items) => videoFeeds(settings, items), batch);
      for (const [index, { record }] of waiting.entries()) {
        const mean = means.add(record.id, rows[index] as Float32Array);
        if (mean !== undefined) await embedded(record, mean);
      }
      waiting = [];
    };
    try {
      for await (const outcome of reader.clips()) {
        if ('clip' in outcome) {
          for (const problem of incompleteClip(outcome)) tell(problem);
          waiting.push(outcome);
          if (waiting.length === batch) await flush();
        } else tell({ id: outcome.record.id, reason: outcome.problem });
      }
      if (waiting.length > 0) await flush();
    } finally {
      await reader.close();
    }
  });
}

/** Gathers the embeddings of the windows of each video; one of which a window is missing has none. */
class WindowMeans {
  readonly #windows: number;
  readonly #sums = new Map<string, { readonly sum: Float64Array; clips: number }>();

  constructor(windows: number) {
    this.#windows = windows;
  }

  /** The mean, scaled to length 1, once that all windows are there. */
  add(id: string, row: Float32Array): Float32Array | undefined {
    if (this.#windows === 1) return row;
    const entry = this.#sums.get(id) ?? { sum: new Float64Array(row.length), clips: 0 };
    for (let i = 0; i < row.length; i++) {
      entry.sum[i] = (entry.sum[i] as number) + (row[i] as number);
    }
    entry.clips += 1;
    this.#sums.set(id, entry);
    if (entry.clips < this.#windows) return undefined;
    this.#sums.delete(id);
    const length = Math.sqrt(entry.sum.reduce((total, value) => total + value * value, 0));
    return Float32Array.from(entry.sum, (value) => value / length);
  }
}

/** What the embedding of a video depends on; undefined where the file cannot be read. */
async function keyOf(
  { settings }: TrainedModel,
  { video, part }: ClipRecord,
  root: DataRoot,
  windows: number,
  kept: Kept | undefined,
): Promise<EmbeddingKey | undefined> {
  try {
    const digest = await fileDigest(await fileInRoot(root, video));
    const { frames: count, size, rule } = clipSampling(settings);
    const facts = [count, size, rule, windows];
    const sampling = JSON.stringify(part === undefined ? facts : [...facts, part]);
    return ['clip', kept?.model ?? '', digest, sampling];
  } catch (error) {
    if (error instanceof LacunaError) return undefined;
    throw error;
  }
}

/** What the program that embeds clips is fed, every token visible. */
export function videoFeeds(settings: RunSettings, clips: readonly Clip[]): Named<HostTensor> {
  const count = clipTokens(videoConfig(settings));
  const visible = Int32Array.from({ length: clips.length * count }, (_, index) => index % count);
  return {
    frames: frames(settings, clips),
    visible: { dtype: 'i32', shape: [clips.length, count], data: visible },
  };
}
