import type { FrameSpan } from '../sampling/clip-sampling.js';
import { MAX_RATE, MIN_RATE } from '../video/limits.js';
import type { FrameSize, VideoReader } from '../video/video-reader.js';
import type { ClipWriter } from './clip-writer.js';

/** Bytes of frames that are read at a time. */
const FRAME_BYTES = 2 ** 26;
/** Frames a second of a video that tells no times. */
const DEFAULT_RATE = 25;
/** Seconds within which two times are the same: rates are told in thousandths. */
const SAME_TIME = 5e-4;

/** @returns How many frames do not decode cleanly. */
export async function encodeFrames(
  reader: VideoReader,
  { indices: all }: ChosenFrames,
  size: FrameSize,
  opened: ClipWriter,
): Promise<number> {
  await using writer = opened; // a file is whole when it is closed
  const { width, height } = reader.info;
  const crop = { x: 0, y: 0, width, height };
  const bytes = size.width * size.height * 3;
  const chunk = Math.max(1, Math.floor(FRAME_BYTES / bytes));
  let missing = 0;
  for (let from = 0; from < all.length; from += chunk) {
    const indices = all.slice(from, from + chunk);
    const { data, indices: got } = await reader.read({ indices, crop, size, flip: false });
    missing += indices.filter((index, i) => index !== got[i]).length;
    for (const i of indices.keys()) await writer.add(data.subarray(i * bytes, (i + 1) * bytes));
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

/** Frames of a video, and how many a second they are. */
export interface ChosenFrames {
  readonly indices: readonly number[];
  readonly rate: number;
}

/**
 * The frames of a span, all of them; or, where these are more than `most` a second, those that are shown at
 * 0, 1 / most, 2 / most, ... seconds from its first.
 */
export function framesAt(times: Float64Array, span: FrameSpan, most?: number): ChosenFrames {
  const own = rateOf(times, span);
  if (most === undefined || own <= most)
    return { indices: Array.from({ length: span.count }, (_, i) => span.first + i), rate: own };
  const start = times[span.first] ?? 0;
  const seconds = (frame: number): number =>
    times.length === 0 ? frame / own : ((times[span.first + frame] ?? 0) - start) / 1e6;
  const indices: number[] = [];
  for (let frame = 0; ; ) {
    const time = indices.length / most;
    while (frame + 1 < span.count && seconds(frame + 1) <= time + SAME_TIME) frame++;
    if (time > seconds(frame) + SAME_TIME && frame + 1 === span.count) break;
    indices.push(span.first + frame);
  }
  return { indices, rate: most };
}

/** Frames a second, on average over a span: times in it differ from those of the video by what its rate varies. */
function rateOf(
  times: Float64Array,
  { first, count }: { readonly first: number; readonly count: number },
): number {
  const seconds = ((times[first + count - 1] ?? 0) - (times[first] ?? 0)) / 1e6;
  const rate = count > 1 && seconds > 0 ? (count - 1) / seconds : DEFAULT_RATE;
  return Math.round(1000 * Math.min(MAX_RATE, Math.max(MIN_RATE, rate))) / 1000;
}
