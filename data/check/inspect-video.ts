import { LacunaError } from '../../spec/errors.js';
import type { ClipPart } from '../annotations/clip-part.js';
import { keyFrames } from '../sampling/key-frames.js';
import { partSpan } from '../sampling/part-span.js';
import { type DataRoot, videoInRoot } from '../video/data-root.js';
import { durationOf } from '../video/frame-times.js';
import { otherDigest, videoBytes, videoDigest } from '../video/video-file.js';
import type { MemberPlace } from '../video/video-path.js';
import type { Frames, VideoBackend, VideoInfo, VideoReader } from '../video/video-reader.js';
import { bytesTold } from './container-end.js';
import { type Trace, TraceBuilder } from './excerpts.js';
import {
  FINGERPRINT_FRAMES,
  FINGERPRINT_SIZE,
  type Fingerprint,
  fingerprintOf,
} from './fingerprint.js';

/** A video to look at. */
export interface InspectJob {
  readonly root: DataRoot;
  readonly video: string;
  /** Where in a tar it lies. @defaultValue it is a file */
  readonly member?: MemberPlace;
  /** The parts of it that records are about. */
  readonly parts: readonly ClipPart[];
  /** Whether all frames are decoded, rather than a few. */
  readonly decodeAll: boolean;
}

/** What was found of a video. */
export interface VideoFacts {
  readonly video: string;
  readonly bytes: number;
  /** SHA-256 of the file; undefined where it cannot be read. */
  readonly digest?: string;
  readonly info?: Pick<VideoInfo, 'codec' | 'container' | 'width' | 'height' | 'frameCount'>;
  /** Undefined where the video tells no times. */
  readonly seconds?: number;
  readonly fingerprint?: Fingerprint;
  /** Where all frames were decoded, and tell their times. */
  readonly trace?: Trace;
  /** Frames that do not decode cleanly, of those that were decoded. */
  readonly lostFrames: number;
  /** Why it is broken, in sentences; none where it is whole. */
  readonly faults: readonly string[];
  /** Whether no clip can be had of it, so that training passes it over. */
  readonly isUnreadable: boolean;
  /** Of each part that is none of this video, why. */
  readonly badParts: readonly string[];
}

/** Frames that are asked for at a time. */
const FRAMES_AT_ONCE = 1024;

/** Looks at a video: whether it opens, whether its file is whole, and whether its frames decode. */
export async function inspectVideo(backend: VideoBackend, job: InspectJob): Promise<VideoFacts> {
  const { root, video } = job;
  let bytes = 0;
  let digest: string | undefined;
  const faults: string[] = [];
  const none = { video, lostFrames: 0, badParts: [] };
  try {
    const path = await videoInRoot(root, job);
    bytes = await videoBytes(path);
    digest = await videoDigest(path);
    if (job.member !== undefined && job.member.sha256 !== digest)
      faults.push(reasonOf(otherDigest(path, job.member.sha256, digest)));
    // The bytes of a member of a tar are held to its digest.
    const told = typeof path === 'string' ? await bytesTold(path) : undefined;
    if (told !== undefined && told > bytes) {
      faults.push(`the file is cut off: it says that it has ${told} bytes, and has ${bytes}`);
    }
    using reader = await backend.open(path);
    return { ...(await read(reader, job, faults)), bytes, digest };
  } catch (error) {
    const known = digest === undefined ? {} : { digest };
    return { ...none, ...known, bytes, faults: [reasonOf(error), ...faults], isUnreadable: true };
  }
}

async function read(
  reader: VideoReader,
  { video, parts, decodeAll }: InspectJob,
  faults: readonly string[],
): Promise<Omit<VideoFacts, 'bytes' | 'digest'>> {
  const { codec, container, width, height, frameCount } = reader.info;
  const keys = keyFrames(frameCount, FINGERPRINT_FRAMES);
  const shown = await framesOf(reader, keys);
  const hasTimes = reader.frameTimes.length === frameCount;
  const traced = decodeAll && hasTimes ? new TraceBuilder(reader.frameTimes) : undefined;
  const lostFrames = decodeAll ? await lostOf(reader, traced) : countLost(keys, shown);
  const isUnreadable = shown === undefined && (!decodeAll || lostFrames === frameCount);
  const looked = decodeAll ? frameCount : keys.length;
  const lost = `${lostFrames} of ${looked} frames${decodeAll ? '' : ' looked at'} do not decode cleanly`;
  const times = reader.frameTimes;
  return {
    video,
    info: { codec, container, width, height, frameCount },
    ...(traced === undefined || shown === undefined ? {} : { trace: traced.trace() }),
    ...(hasTimes ? { seconds: durationOf(times) / 1e6 } : {}),
    ...(shown === undefined || frameCount < FINGERPRINT_FRAMES
      ? {}
      : { fingerprint: fingerprintOf(shown.data) }),
    lostFrames,
    faults: [...faults, ...(lostFrames > 0 ? [lost] : [])],
    isUnreadable,
    badParts: parts.flatMap((part) => {
      try {
        partSpan(reader, part);
        return [];
      } catch (error) {
        return [reasonOf(error)];
      }
    }),
  };
}

async function lostOf(reader: VideoReader, traced: TraceBuilder | undefined): Promise<number> {
  const { frameCount } = reader.info;
  let lost = 0;
  for (let first = 0; first < frameCount; first += FRAMES_AT_ONCE) {
    const count = Math.min(FRAMES_AT_ONCE, frameCount - first);
    const indices = Array.from({ length: count }, (_, i) => first + i);
    const frames = await framesOf(reader, indices);
    if (frames !== undefined) traced?.add(first, frames.data);
    lost += countLost(indices, frames);
  }
  return lost;
}

function countLost(indices: readonly number[], frames: Frames | undefined): number {
  return indices.filter((index, i) => frames?.indices[i] !== index).length;
}

/** Small frames; undefined where none of them decodes. */
async function framesOf(
  reader: VideoReader,
  indices: readonly number[],
): Promise<Frames | undefined> {
  const { width, height } = reader.info;
  const crop = { x: 0, y: 0, width, height };
  try {
    return await reader.read({ indices, crop, size: FINGERPRINT_SIZE, flip: false });
  } catch (error) {
    if (error instanceof LacunaError) return undefined;
    throw error;
  }
}

/** A reason without the path of this machine: the video is named beside it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof LacunaError)) return String(error);
  const { where: _, ...facts } = error.facts;
  return new LacunaError(facts).message.replace(/\.$/, '');
}
