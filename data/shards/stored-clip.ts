import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import { partSpan } from '../sampling/part-span.js';
import { videoBytes } from '../video/video-file.js';
import { PICTURES, type VideoPath } from '../video/video-path.js';
import type { VideoBackend } from '../video/video-reader.js';
import type { OpenClipWriter } from './clip-writer.js';
import { type ChosenFrames, encodedSize, encodeFrames, framesAt } from './encode-frames.js';
import { type OpenPictureWriter, pictureName } from './picture-writer.js';
import type { PictureFormat, ShardRecipe } from './shard-recipe.js';

/** How clips are stored. */
export type ClipRecipe = Pick<ShardRecipe, 'content' | 'size' | 'quality' | 'rate'>;

/** What a shard is written with. */
export interface ShardTools {
  readonly backend: VideoBackend;
  readonly openWriter: OpenClipWriter;
  readonly openPictures: OpenPictureWriter;
  /** A folder of this process alone. */
  readonly scratch: string;
}

/** The files of a clip. */
export interface StoredClip {
  /** One; or of frames that are pictures each. */
  readonly files: readonly {
    readonly path: VideoPath;
    readonly bytes: number;
    readonly ending: string;
  }[];
  /** Of pictures: frames a second. */
  readonly rate?: number;
  readonly problem?: string;
}

const STILL_ENDINGS: Readonly<Record<string, string>> = { png: 'png', mjpeg: 'jpg', webp: 'webp' };

/**
 * The clip as it goes into the tar: a still picture, or a copy, with the bytes that it has; anything else
 * encoded again. Files in the scratch folder are there until the next call.
 *
 * @throws LacunaError for a clip that cannot be read, copied or encoded whole.
 */
export async function storedClip(
  path: VideoPath,
  record: ClipRecord,
  recipe: ClipRecipe,
  tools: ShardTools,
): Promise<StoredClip> {
  using reader = await tools.backend.open(path);
  const { container, codec } = reader.info;
  const still = container === 'image' ? STILL_ENDINGS[codec] : undefined;
  const { content, quality } = recipe;
  const isWhole = record.part === undefined && container !== PICTURES;
  if (still !== undefined || (content === 'copy' && isWhole)) {
    const ending = still ?? /\.(\w{1,5})$/.exec(record.video)?.[1]?.toLowerCase() ?? 'mp4';
    return { files: [{ path, bytes: await videoBytes(path), ending }] };
  }
  if (content === 'copy') {
    throw new LacunaError({
      what: `${record.part === undefined ? 'a clip of pictures' : 'a part of a video'} cannot be copied: it is cut out and encoded again`,
      fix: 'Leave --content copy out.',
    });
  }
  const span = partSpan(reader, record.part ?? { first: 0, count: reader.info.frameCount });
  const frames = framesAt(reader.frameTimes, span, recipe.rate);
  const size = encodedSize(reader.info, recipe.size);
  const told = (missing: number): Pick<StoredClip, 'problem'> =>
    missing === 0
      ? {}
      : {
          problem: `${record.video}: ${missing} of ${frames.indices.length} frames do not decode cleanly; the nearest earlier ones stand for them.`,
        };
  const { rate } = frames;
  if (content === 'video') {
    const file = join(tools.scratch, 'clip.mp4');
    const writer = tools.openWriter(file, { ...size, framesPerSecond: rate }, quality);
    const missing = await encodeFrames(reader, frames, size, writer);
    await requireWhole(file, frames, tools);
    const files = [{ path: file, bytes: await videoBytes(file), ending: 'mp4' }];
    return { files, ...told(missing) };
  }
  const folder = await picturesFolder(tools.scratch);
  const writer = tools.openPictures(folder, size, content, quality);
  const missing = await encodeFrames(reader, frames, size, writer);
  return { files: await picturesIn(folder, frames, content), rate, ...told(missing) };
}

/** An empty folder, in place of the one before it. */
async function picturesFolder(scratch: string): Promise<string> {
  for (const name of await readdir(scratch))
    if (name.startsWith(PICTURES)) await rm(join(scratch, name), { recursive: true });
  return mkdtemp(join(scratch, PICTURES));
}

/** The pictures of all frames. @throws LacunaError where one is missing or empty */
async function picturesIn(
  folder: string,
  { indices }: ChosenFrames,
  format: PictureFormat,
): Promise<StoredClip['files']> {
  const files = [];
  for (const number of indices.keys()) {
    const ending = pictureName(number, format);
    const path = join(folder, ending);
    const bytes = await videoBytes(path).catch(() => 0);
    if (bytes === 0) throw notWhole(`${number} frames`, indices.length);
    files.push({ path, bytes, ending });
  }
  return files;
}

/** A disk that is full is not always told of by who writes: the file is read again. @throws LacunaError */
async function requireWhole(
  file: string,
  { indices }: ChosenFrames,
  { backend }: ShardTools,
): Promise<void> {
  using written = await backend.open(file);
  const { frameCount } = written.info;
  if (frameCount !== indices.length) throw notWhole(`${frameCount} frames`, indices.length);
}

function notWhole(got: string, expected: number): LacunaError {
  return new LacunaError({
    what: 'the encoded clip is not whole',
    got,
    expected: `${expected}`,
    fix: 'Look whether the disk for temporary files is full.',
  });
}
