import { createHash } from 'node:crypto';
import type { FrameRequest, Frames, VideoBackend, VideoReader } from '../video/video-reader.js';
import { motionDigests, similarityDigest } from './clip-maps.js';

const SIZE = { width: 48, height: 40 };
const BYTES = SIZE.width * SIZE.height * 3;

/** What was compared for one file, and every sentence about a difference. */
export interface TimelineVerdict {
  readonly frames: number;
  /** Of them, those that do not decode cleanly. */
  readonly missing: number;
  /** Frames decoded for each frame that was read alone, on average. */
  readonly decodedPerFrame: number;
  readonly differences: readonly string[];
}

/**
 * Holds a file to one meaning of an index: frame i read alone is frame i in sequence, in a sparse
 * clip, and by the other backend; so are its motion vectors; there are as many frames as the whole
 * sequence has; and a clip's maps of motion, flow and similarity are the same by both backends, and by a
 * reader that has read other frames before. Undefined where both backends refuse the file.
 */
export async function verifyTimeline(
  backend: VideoBackend,
  other: VideoBackend | undefined,
  path: string,
): Promise<TimelineVerdict | undefined> {
  const differences: string[] = [];
  const [mine, theirs] = await Promise.all([whole(backend, path), other && whole(other, path)]);
  if (typeof mine === 'string' || typeof theirs === 'string') {
    if (typeof mine === 'string' && (theirs === undefined || typeof theirs === 'string')) return;
    const told = typeof mine === 'string' ? mine : String(theirs);
    return {
      frames: 0,
      missing: 0,
      decodedPerFrame: 0,
      differences: [`only one refuses: ${told}`],
    };
  }
  if (theirs !== undefined) {
    const [n, m] = [mine.shown.length, theirs.shown.length];
    if (n !== m) differences.push(`${n} frames by ${backend.name}, ${m} by the other`);
    const wrong = mine.shown.filter((frame, i) => frame !== theirs.shown[i]).length;
    if (n === m && wrong > 0) differences.push(`${wrong} of ${n} frames differ between backends`);
  }
  const { shown, indices } = mine;
  const missing = indices.filter((index, i) => index !== i).length;
  // A reader of its own, so that what it did before has no part in it.
  using reader = await backend.open(path);
  let decoded = 0;
  for (const [i, frame] of shown.entries()) {
    const alone = await reader.read(request(reader, [i]));
    decoded += alone.decodedFrames;
    const same = digests(alone)[0] === frame && alone.indices[0] === indices[i];
    if (!same) differences.push(`frame ${i} alone is not frame ${i} in sequence`);
  }
  const sparse = [0.9, 0.2, 0.5, 0.55].map((part) => Math.floor(part * shown.length));
  const clip = digests(await reader.read(request(reader, sparse)));
  if (clip.some((frame, t) => frame !== shown[sparse[t] ?? 0])) {
    differences.push(`the frames ${sparse.join()} together are not those in sequence`);
  }
  const from = Math.floor(0.6 * shown.length);
  const some = await vectors(reader, [from, Math.min(from + 3, shown.length - 1)]);
  const all = await vectors(
    reader,
    Array.from(shown, (_, i) => i),
  );
  for (const [frame, digest] of some) {
    if (frame >= from && all.get(frame) !== digest)
      differences.push(`the vectors of frame ${frame} differ`);
  }
  using fresh = await backend.open(path);
  using others = await other?.open(path);
  const times = others?.frameTimes ?? reader.frameTimes;
  if (missing === 0 && !reader.frameTimes.every((time, i) => time === times[i])) {
    differences.push('the times of the frames differ between backends');
  }
  differences.push(...(await differentMaps(reader, fresh, others)));
  for (const part of others === undefined ? [] : [0.31, 0.62, 0.97]) {
    const i = Math.floor(part * shown.length);
    const alone = others && (await others.read(request(others, [i])));
    if (alone === undefined || digests(alone)[0] !== theirs?.shown[i]) {
      differences.push(`frame ${i} alone is not frame ${i} in sequence by the other`);
    }
  }
  return { frames: shown.length, missing, decodedPerFrame: decoded / shown.length, differences };
}

/** A sentence for each of a clip's maps that is not the same by all readers. */
async function differentMaps(
  reader: VideoReader,
  fresh: VideoReader,
  other: VideoReader | undefined,
): Promise<string[]> {
  const vectors = [await motionDigests(reader, 'auto'), await motionDigests(fresh, 'auto')];
  const readers = other === undefined ? [reader, fresh] : [reader, fresh, other];
  const matched = await Promise.all(readers.map((each) => motionDigests(each, 'block-matching')));
  const similar = await Promise.all(readers.map((each) => similarityDigest(each)));
  const kinds = {
    'the motion by vectors': vectors,
    'motion and flow': matched,
    similarity: similar,
  };
  return Object.entries(kinds).flatMap(([kind, maps]) =>
    new Set(maps).size > 1 ? [`the maps of ${kind} differ`] : [],
  );
}

/** Every frame in sequence, or why there is none. */
async function whole(
  backend: VideoBackend,
  path: string,
): Promise<{ readonly shown: readonly string[]; readonly indices: readonly number[] } | string> {
  try {
    using reader = await backend.open(path);
    const every = Array.from({ length: reader.info.frameCount }, (_, i) => i);
    const frames = await reader.read(request(reader, every));
    return { shown: digests(frames), indices: frames.indices };
  } catch (error) {
    return String(error);
  }
}

function request(
  { info: { width, height } }: VideoReader,
  indices: readonly number[],
): FrameRequest {
  return { indices, crop: { x: 0, y: 0, width, height }, size: SIZE, flip: false };
}

function digests({ data, indices }: Frames): string[] {
  return indices.map((_, t) => digest(data.subarray(t * BYTES, (t + 1) * BYTES)));
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function vectors(
  reader: VideoReader,
  indices: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const told = new Map<number, string>();
  await reader.read({
    ...request(reader, indices),
    onVectors: (frame, { rows }) => {
      told.set(frame, digest(new Uint8Array(rows().slice().buffer)));
    },
  });
  return told;
}
