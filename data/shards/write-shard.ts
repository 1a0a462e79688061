import { join } from 'node:path';
import { paddedBytes, TAR_END, tarHeader } from '../../formats/tar.js';
import { FileWriter, replaceFileBy } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { MAX_LINE_BYTES } from '../annotations/limits.js';
import type { FrameSpan } from '../sampling/clip-sampling.js';
import { partSpan } from '../sampling/part-span.js';
import { type DataRoot, videoInRoot } from '../video/data-root.js';
import { videoBytes, videoPieces } from '../video/video-file.js';
import type { VideoPath } from '../video/video-path.js';
import type { FrameSize, VideoBackend, VideoReader } from '../video/video-reader.js';
import type { OpenClipWriter } from './clip-writer.js';
import type { ShardRecipe } from './shard-recipe.js';

/** What the writing of shards goes by. */
export interface ShardWork {
  readonly root: DataRoot;
  readonly recipe: Pick<ShardRecipe, 'content' | 'size' | 'quality'>;
}

/** What a shard is written with. */
export interface ShardTools {
  readonly backend: VideoBackend;
  readonly openWriter: OpenClipWriter;
  /** A folder of this process alone. */
  readonly scratch: string;
}

/** A clip that was not taken, or not whole, and why. */
export interface ShardProblem {
  readonly id: string;
  readonly reason: string;
}

/** Bytes of frames that are read at a time. */
const FRAME_BYTES = 2 ** 26;
/** Frames a second of a video that tells no times. */
const DEFAULT_RATE = 25;
const RATES = { least: 0.1, most: 1000 };

/**
 * Writes a shard: a tar of the clips of some records that follow each other in a list, whole or not at all.
 * Of record n there are `n.mp4` (or what else the clip is), `n.json` with all that is known of it and, where
 * it has captions, `n.txt` with the first. A part of a video becomes a clip of its own.
 *
 * @param first The number of the first record in the list.
 * @param onDone Told of each record, with what is wrong with it.
 */
export async function writeShard(
  path: string,
  records: readonly ClipRecord[],
  first: number,
  { root, recipe }: ShardWork,
  tools: ShardTools,
  onDone: (problem: ShardProblem | undefined) => void,
  signal: AbortSignal,
): Promise<void> {
  await replaceFileBy(path, async (partial) => {
    const writer = await FileWriter.create(partial);
    try {
      for (const [i, record] of records.entries()) {
        signal.throwIfAborted();
        const key = String(first + i).padStart(9, '0');
        let problem: string | undefined;
        let clip: StoredClip;
        const facts = JSON.stringify(factsOf(record));
        try {
          requireShort(facts);
          clip = await storedClip(await videoInRoot(root, record), record, recipe, tools);
          problem = clip.problem;
        } catch (error) {
          if (!(error instanceof LacunaError)) throw error;
          const reason = new LacunaError({ ...error.facts, where: record.video }).message;
          onDone({ id: record.id, reason });
          continue;
        }
        await addFile(writer, `${key}.${clip.ending}`, clip.bytes, videoPieces(clip.path));
        await addText(writer, `${key}.json`, facts);
        const [caption] = record.captions;
        if (caption !== undefined) await addText(writer, `${key}.txt`, caption);
        onDone(problem === undefined ? undefined : { id: record.id, reason: problem });
      }
      await writer.write(TAR_END);
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    await writer.finish();
  });
}

/** What `.json` says: the keys of a list's line, with `source` for where the clip comes from. */
function factsOf({ video, captions, label, labels, part }: ClipRecord): object {
  return { captions, label, labels, source: video, part };
}

/** Bytes of a line of the index beside what is told of a clip: the shard's name, and the place in it. */
const LINE_ROOM = 2 ** 10;

/** @throws LacunaError for what no scan of the shard could read. */
function requireShort(facts: string): void {
  const bytes = Buffer.byteLength(facts);
  if (bytes + LINE_ROOM <= MAX_LINE_BYTES) return;
  throw new LacunaError({
    what: 'the captions and labels of the clip are too long for a shard',
    got: `${bytes} bytes`,
    expected: `at most ${MAX_LINE_BYTES - LINE_ROOM}`,
  });
}

interface StoredClip {
  readonly path: VideoPath;
  readonly bytes: number;
  readonly ending: string;
  readonly problem?: string;
}

const STILL_ENDINGS: Readonly<Record<string, string>> = { png: 'png', mjpeg: 'jpg', webp: 'webp' };

/** The clip as it goes into the tar: a still picture, or a copy, with the bytes that it has. */
async function storedClip(
  path: VideoPath,
  record: ClipRecord,
  recipe: ShardWork['recipe'],
  tools: ShardTools,
): Promise<StoredClip> {
  using reader = await tools.backend.open(path);
  const { container, codec } = reader.info;
  const still = container === 'image' ? STILL_ENDINGS[codec] : undefined;
  if (still !== undefined || (recipe.content === 'copy' && record.part === undefined)) {
    const ending = still ?? /\.(\w{1,5})$/.exec(record.video)?.[1]?.toLowerCase() ?? 'mp4';
    return { path, bytes: await videoBytes(path), ending };
  }
  if (recipe.content === 'copy') {
    throw new LacunaError({
      what: 'a part of a video cannot be copied: it is cut out and encoded again',
      fix: 'Leave --content copy out.',
    });
  }
  const file = join(tools.scratch, 'clip.mp4');
  const span = partSpan(reader, record.part ?? { first: 0, count: reader.info.frameCount });
  const missing = await encode(reader, span, recipe, tools.openWriter, file);
  await requireWhole(file, span, tools);
  const problem =
    missing === 0
      ? undefined
      : `${record.video}: ${missing} of ${span.count} frames do not decode cleanly; the nearest earlier ones stand for them.`;
  const bytes = await videoBytes(file);
  return { path: file, bytes, ending: 'mp4', ...(problem === undefined ? {} : { problem }) };
}

/** A disk that is full is not always told of by who writes: the file is read again. @throws LacunaError */
async function requireWhole(
  file: string,
  { count }: FrameSpan,
  { backend }: ShardTools,
): Promise<void> {
  using written = await backend.open(file);
  const { frameCount } = written.info;
  if (frameCount === count) return;
  throw new LacunaError({
    what: 'the encoded clip is not whole',
    got: `${frameCount} frames`,
    expected: `${count}`,
    fix: 'Look whether the disk for temporary files is full.',
  });
}

/** @returns How many frames do not decode cleanly. */
async function encode(
  reader: VideoReader,
  span: FrameSpan,
  { size, quality }: ShardWork['recipe'],
  openWriter: OpenClipWriter,
  file: string,
): Promise<number> {
  const { width, height } = reader.info;
  const scaled = encodedSize({ width, height }, size);
  const crop = { x: 0, y: 0, width, height };
  const bytes = scaled.width * scaled.height * 3;
  const chunk = Math.max(1, Math.floor(FRAME_BYTES / bytes));
  const framesPerSecond = rateOf(reader.frameTimes, span);
  await using writer = openWriter(file, { ...scaled, framesPerSecond }, quality);
  let missing = 0;
  for (let from = 0; from < span.count; from += chunk) {
    const count = Math.min(chunk, span.count - from);
    const indices = Array.from({ length: count }, (_, i) => span.first + from + i);
    const { data, indices: got } = await reader.read({ indices, crop, size: scaled, flip: false });
    missing += indices.filter((index, i) => index !== got[i]).length;
    for (let i = 0; i < count; i++) await writer.add(data.subarray(i * bytes, (i + 1) * bytes));
  }
  await writer.finish();
  return missing;
}

/** The shorter side becomes `size`, where it is larger; both sides even, as 4:2:0 needs. */
export function encodedSize({ width, height }: FrameSize, size: number): FrameSize {
  const scale = Math.min(1, size / Math.min(width, height));
  const even = (side: number): number =>
    Math.max(2, 2 * Math.min(Math.round((side * scale) / 2), Math.floor(side / 2)));
  return { width: even(width), height: even(height) };
}

/** Frames a second, on average over a span: times in it differ from those of the video by what its rate varies. */
function rateOf(
  times: Float64Array,
  { first, count }: { readonly first: number; readonly count: number },
): number {
  const seconds = ((times[first + count - 1] ?? 0) - (times[first] ?? 0)) / 1e6;
  const rate = count > 1 && seconds > 0 ? (count - 1) / seconds : DEFAULT_RATE;
  return Math.round(1000 * Math.min(RATES.most, Math.max(RATES.least, rate))) / 1000;
}

async function addText(writer: FileWriter, name: string, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  await addFile(writer, name, bytes.length, [bytes]);
}

async function addFile(
  writer: FileWriter,
  name: string,
  bytes: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await writer.write(tarHeader(name, bytes));
  let written = 0;
  for await (const piece of pieces) {
    await writer.write(piece);
    written += piece.length;
  }
  if (written !== bytes)
    throw new LacunaError({ where: name, what: 'a file changed while it was put into a shard' });
  await writer.write(new Uint8Array(paddedBytes(bytes) - bytes));
}
