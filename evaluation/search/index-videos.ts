import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Clip,
  ClipReader,
  type ClipRecord,
  type DataRoot,
  fileInRoot,
  missingNote,
  rootFolder,
  videoBackend,
} from '../../data/index.js';
import { makeFolder, removeFile, removeFolder } from '../../formats/file-operations.js';
import { fileDigest } from '../../formats/index.js';
import { Lock } from '../../formats/lock.js';
import { clipSampling } from '../../run/feeds/clip-sampling.js';
import {
  EMBEDDING_BATCH,
  embedRows,
  type TrainedModel,
  withProgram,
} from '../../run/open-program.js';
import { LacunaError } from '../../spec/index.js';
import { ALIGNED_VECTORS } from '../clip-vectors.js';
import { EmbeddingCache, type EmbeddingKey } from '../embedding-cache.js';
import { videoProgram } from '../embedding-programs.js';
import type { Watch } from '../evaluator.js';
import { segmentStart } from './search-index.js';
import {
  type IndexedVideo,
  readVideoIndex,
  type VideoIndex,
  writeVideoIndex,
} from './video-index.js';

/** Segments of one video; longer ones have longer segments. */
const MAX_SEGMENTS = 1024;
/** Where embeddings lie until the index holds them. */
const PENDING = 'pending';

export interface IndexVideosOptions {
  /** Where the index lies. */
  readonly folder: string;
  readonly records: readonly Pick<ClipRecord, 'id' | 'video'>[];
  /** An absolute folder. */
  readonly root: DataRoot;
  /** The run folder, absolute, and the digest of its model. */
  readonly run: string;
  readonly digest: string;
  /** Frames of a segment, at most. */
  readonly every: number;
  readonly watch?: Watch;
}

/** What became of an index. */
export interface IndexOutcome {
  readonly videos: number;
  readonly segments: number;
  /** Videos that were embedded now; those whose content was known. */
  readonly embedded: number;
  readonly known: number;
  /** Entries of the index before that are no more. */
  readonly removed: number;
  readonly leftOut: number;
}

/**
 * Makes an index of videos, or brings it up to date: what is known by the digest of its file is not
 * embedded again, whatever its name is now, and what is not among `records` is dropped. A file whose
 * size and times are those of the index is not read. After a kill the next call goes on where it was:
 * each video is kept once that all its segments are embedded. One process at a time writes an index.
 *
 * @throws LacunaError where another process writes it, or no video can be read.
 */
export async function indexVideos(
  model: TrainedModel,
  options: IndexVideosOptions,
): Promise<IndexOutcome> {
  const { folder } = options;
  await makeFolder(folder);
  const purpose = { where: folder, doing: 'writing this index' };
  const lock = await Lock.take(join(folder, 'lock'), purpose);
  try {
    const outcome = await update(model, options);
    await lock.requireHeld(purpose);
    const { index, ...counts } = outcome;
    await writeVideoIndex(folder, index);
    await removePending(join(folder, PENDING));
    return counts;
  } finally {
    await lock.release();
  }
}

/** Removes what was kept until the index holds it; what somebody else put there stays. */
async function removePending(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^[0-9a-f]{64}\.json/.test(name)) await removeFile(join(folder, name));
  }
  if ((await readdir(folder)).length === 0) await removeFolder(folder);
}

async function update(
  model: TrainedModel,
  { folder, records, root, run, digest, every, watch = {} }: IndexVideosOptions,
): Promise<IndexOutcome & { readonly index: VideoIndex }> {
  const { frames, size, rule } = clipSampling(model.settings);
  const sampling = JSON.stringify([frames, size, rule, every]);
  const before = await readVideoIndex(folder);
  const same = before !== undefined && before.model === digest && before.sampling === sampling;
  const known = same ? rowsByDigest(before) : new Map<string, Float32Array>();
  const sameRoot = before?.root === rootFolder(root);
  const entries = new Map(
    same && sameRoot ? before.videos.map((video) => [video.path, video]) : [],
  );
  const pending = await EmbeddingCache.open(join(folder, PENDING));
  const videos: IndexedVideo[] = [];
  const rows: Float32Array[] = [];
  const counts = { embedded: 0, known: 0, leftOut: 0 };
  const batch = EMBEDDING_BATCH;
  const workers = model.settings.data.workers ?? 2;
  const backend = await videoBackend('auto');
  await withProgram(model, videoProgram(model, batch), async (runProgram) => {
    const reader = await ClipReader.open({
      root,
      records: asRecords(records),
      sampling: { frames, size, rule },
      workers,
    });
    const embed = async (video: string, facts: SegmentFacts): Promise<Float32Array> => {
      const width: Float32Array[] = [];
      for (let start = 0; start < facts.segments; start += batch) {
        const count = Math.min(batch, facts.segments - start);
        const jobs = Array.from({ length: count }, (_, i) => {
          const first = segmentStart(facts.frames, start + i, facts.segments);
          const end = segmentStart(facts.frames, start + i + 1, facts.segments);
          return reader.readClip({ video, part: { first, count: end - first } });
        });
        // One that fails must not leave the others unheard.
        const read = await Promise.allSettled(jobs);
        const clips = read.map((outcome): Clip => {
          if (outcome.status === 'rejected') throw outcome.reason;
          return outcome.value;
        });
        const incomplete = clips.find(({ missingFrames }) => missingFrames > 0);
        const reason = incomplete && missingNote(video, incomplete);
        if (reason !== undefined) watch.onProblem?.({ id: video, reason, used: true });
        width.push(
          ...(await embedRows(
            runProgram,
            clips,
            (items) => ALIGNED_VECTORS.feeds(model.settings, items),
            batch,
          )),
        );
      }
      return joined(width);
    };
    try {
      for (const [place, { id, video }] of records.entries()) {
        try {
          const path = await fileInRoot(root, video);
          const facts = await factsOf(path);
          const old = entries.get(video);
          const isSame =
            old !== undefined &&
            old.size === facts.size &&
            old.mtimeMs === facts.mtimeMs &&
            old.ctimeMs === facts.ctimeMs;
          const content = isSame ? old.digest : await fileDigest(path);
          const key: EmbeddingKey = ['segments', digest, content, sampling];
          let found = known.get(content) ?? (await pending.read(key))?.values;
          const count = isSame ? old.frames : await frameCount(backend, path);
          const segments = Math.min(Math.ceil(count / every), MAX_SEGMENTS);
          if (found === undefined) {
            found = await embed(video, { frames: count, segments });
            if ((await factsOf(path)).ctimeMs !== facts.ctimeMs) {
              throw new LacunaError({ where: video, what: 'the file changed while it was read' });
            }
            await pending.write(key, { width: found.length / segments, values: found });
            known.set(content, found);
            counts.embedded += 1;
          } else counts.known += 1;
          videos.push({ path: video, ...facts, digest: content, frames: count, segments });
          rows.push(found);
        } catch (error) {
          if (!(error instanceof LacunaError)) throw error;
          counts.leftOut += 1;
          const reason = new LacunaError({ ...error.facts, where: video }).message;
          watch.onProblem?.({ id, reason });
        }
        watch.onProgress?.('videos indexed', place + 1, records.length);
      }
    } finally {
      await reader.close();
    }
  });
  const [firstVideo] = videos;
  if (firstVideo === undefined || rows[0] === undefined) {
    throw new LacunaError({ where: rootFolder(root), what: 'none of the videos can be read' });
  }
  const paths = new Set(videos.map(({ path }) => path));
  const index = {
    root: rootFolder(root),
    followLinks: typeof root !== 'string',
    run,
    model: digest,
    sampling,
    width: rows[0].length / firstVideo.segments,
    videos,
    vectors: joined(rows),
  };
  return {
    index,
    ...counts,
    videos: videos.length,
    segments: videos.reduce((sum, { segments }) => sum + segments, 0),
    removed: before?.videos.filter(({ path }) => !sameRoot || !paths.has(path)).length ?? 0,
  };
}

interface SegmentFacts {
  readonly frames: number;
  readonly segments: number;
}

/** The vectors of an index by the digests of their files. */
function rowsByDigest({ videos, vectors, width }: VideoIndex): Map<string, Float32Array> {
  const rows = new Map<string, Float32Array>();
  let start = 0;
  for (const { digest, segments } of videos) {
    rows.set(digest, vectors.subarray(start, start + segments * width));
    start += segments * width;
  }
  return rows;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function factsOf(path: string): Promise<Pick<IndexedVideo, 'size' | 'mtimeMs' | 'ctimeMs'>> {
  const { size, mtimeMs, ctimeMs } = await stat(path).catch((cause: unknown) => {
    throw new LacunaError({ where: path, what: 'the file cannot be read' }, { cause });
  });
  return { size, mtimeMs, ctimeMs };
}

async function frameCount(
  backend: Awaited<ReturnType<typeof videoBackend>>,
  path: string,
): Promise<number> {
  const reader = await backend.open(path);
  const { frameCount: frames } = reader.info;
  reader[Symbol.dispose]();
  return frames;
}

function asRecords(records: IndexVideosOptions['records']): readonly ClipRecord[] {
  return records.map(({ id, video }) => ({ id, video, captions: [] }));
}
