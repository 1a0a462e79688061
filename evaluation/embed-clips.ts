import {
  ClipReader,
  type ClipRecord,
  type DataRoot,
  videoDigest,
  videoInRoot,
} from '../data/index.js';
import { clipSampling } from '../run/feeds/clip-sampling.js';
import { EMBEDDING_BATCH, embedRows, type TrainedModel, withProgram } from '../run/open-program.js';
import type { DataProblem } from '../run/run-folder.js';
import { LacunaError } from '../spec/index.js';
import { ALIGNED_VECTORS, type ClipVectors } from './clip-vectors.js';
import type { EmbeddingCache, EmbeddingKey } from './embedding-cache.js';
import type { Watch } from './evaluator.js';
import { incompleteClip, type ReadClip } from './read-clips.js';

/** Embeddings that are kept: where, and of which model (`modelDigest`). */
export interface Kept {
  readonly cache: EmbeddingCache;
  readonly model: string;
}

export interface EmbedClipsOptions {
  /** Clips of each video whose embeddings are averaged. @defaultValue 1, the middle */
  readonly windows?: number;
  /** What is made of a clip. @defaultValue what is aligned with text */
  readonly vectors?: ClipVectors;
  /** @defaultValue nothing is kept */
  readonly kept?: Kept | undefined;
  readonly watch?: Watch;
}

/** Embeddings of the clips that could be read. */
export interface ClipEmbeddings {
  readonly records: readonly ClipRecord[];
  /** [D] of each record, of length 1; of other vectors what they are. */
  readonly rows: readonly Float32Array[];
}

/**
 * Embeds each video: its clip, all tokens visible; of several windows the mean of their embeddings,
 * scaled to length 1 where they are. Frames are decoded ahead and not kept: the memory is that of the embeddings and a
 * batch. What is kept already, by the digest of the file itself, is not computed again; `watch` is told of
 * clips that are left out.
 */
export async function embedClips(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  options: EmbedClipsOptions = {},
): Promise<ClipEmbeddings> {
  const found = new Map<string, Float32Array>();
  await embedEach(model, records, root, options, ({ id }, row) => {
    found.set(id, row);
  });
  const whole = records.filter(({ id }) => found.has(id));
  return { records: whole, rows: whole.map(({ id }) => found.get(id) as Float32Array) };
}

/**
 * The same one by one, those first that are kept already: the memory is that of a batch.
 *
 * @returns What each embedding is kept by, of those that are.
 */
export async function embedEach(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  { windows = 1, vectors = ALIGNED_VECTORS, kept, watch = {} }: EmbedClipsOptions,
  onRow: (record: ClipRecord, row: Float32Array) => void | Promise<void>,
): Promise<ReadonlyMap<string, EmbeddingKey>> {
  const keys = new Map<string, EmbeddingKey>();
  const missing: ClipRecord[] = [];
  const count = vectors.count(model.settings);
  let done = 0;
  for (const record of records) {
    const key =
      kept === undefined
        ? undefined
        : await keyOf(model, record, root, [vectors.name, windows], kept);
    const rows = key === undefined ? undefined : await kept?.cache.read(key);
    if (key !== undefined) keys.set(record.id, key);
    if (rows === undefined || rows.values.length !== count * rows.width) {
      missing.push(record); // where it cannot be read, the reader says why
      continue;
    }
    await onRow(record, rows.values);
    watch.onProgress?.('clips known already', ++done, records.length);
  }
  const embedded = async (record: ClipRecord, row: Float32Array): Promise<void> => {
    const key = keys.get(record.id);
    if (key !== undefined) await kept?.cache.write(key, { width: row.length / count, values: row });
    await onRow(record, row);
    watch.onProgress?.('clips embedded', ++done, records.length);
  };
  if (missing.length > 0) {
    const batch = Math.min(EMBEDDING_BATCH, records.length * windows);
    await embedMissing({ model, root, windows, vectors, batch, watch, keys }, missing, embedded);
  }
  return keys;
}

interface Job {
  readonly model: TrainedModel;
  readonly root: DataRoot;
  readonly windows: number;
  readonly vectors: ClipVectors;
  readonly batch: number;
  readonly watch: Watch;
  /** Of the clips that are to be kept. */
  readonly keys: Map<string, EmbeddingKey>;
}

async function embedMissing(
  { model, root, windows, vectors, batch, watch, keys }: Job,
  records: readonly ClipRecord[],
  embedded: (record: ClipRecord, row: Float32Array) => Promise<void>,
): Promise<void> {
  const { settings } = model;
  const sampling = clipSampling(settings);
  const workers = settings.data.workers ?? 2;
  await withProgram(model, vectors.program(model, batch), async (run) => {
    const reader = await ClipReader.open({ root, records, sampling, workers, windows });
    const means = new WindowMeans(windows, vectors.isUnit);
    const told = new Set<string>();
    let waiting: ReadClip[] = [];
    const tell = (problem: DataProblem): void => {
      if (told.has(problem.id)) return;
      told.add(problem.id);
      watch.onProblem?.(problem);
      // It is told of each time, and so read each time: what is kept of it is found by nobody else.
      const key = keys.get(problem.id);
      if (key !== undefined) keys.set(problem.id, ['incomplete', ...key]);
    };
    const flush = async (): Promise<void> => {
      const clips = waiting.map(({ clip }) => clip);
      const rows = await embedRows(run, clips, (items) => vectors.feeds(settings, items), batch);
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
  readonly #isUnit: boolean;
  readonly #sums = new Map<string, { readonly sum: Float64Array; clips: number }>();

  constructor(windows: number, isUnit: boolean) {
    this.#windows = windows;
    this.#isUnit = isUnit;
  }

  /** The mean, scaled to length 1 where each window is, once that all are there. */
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
    const { sum } = entry;
    const length = this.#isUnit
      ? Math.sqrt(sum.reduce((total, value) => total + value * value, 0))
      : this.#windows;
    return Float32Array.from(sum, (value) => value / length);
  }
}

/** What the embedding of a video depends on; undefined where the file cannot be read. */
async function keyOf(
  { settings }: TrainedModel,
  record: ClipRecord,
  root: DataRoot,
  [name, windows]: readonly [name: string, windows: number],
  { model }: Kept,
): Promise<EmbeddingKey | undefined> {
  try {
    const digest = await videoDigest(await videoInRoot(root, record));
    const { frames: count, size, rule } = clipSampling(settings);
    const facts = [count, size, rule, windows];
    const sampling = JSON.stringify(record.part === undefined ? facts : [...facts, record.part]);
    return [name, model, digest, sampling];
  } catch (error) {
    if (error instanceof LacunaError) return undefined;
    throw error;
  }
}
