import { LacunaError } from '../../spec/errors.js';
import type { ClipPart } from '../annotations/clip-part.js';
import { durationOf } from '../video/frame-times.js';
import type { VideoReader } from '../video/video-reader.js';
import type { FrameSpan } from './clip-sampling.js';

const MICROSECONDS = 1e6;

/**
 * The frames of a part of a video: those with times t, in seconds from the first frame, with
 * start <= t < end; where none is, the one that is shown at its start. A part that goes on behind the end of
 * the video ends there.
 *
 * @throws LacunaError for a part that begins behind the end, or in seconds of a video that tells no times.
 */
export function partSpan(
  { info: { frameCount }, frameTimes }: Pick<VideoReader, 'info' | 'frameTimes'>,
  part: ClipPart,
): FrameSpan {
  if ('first' in part) {
    const { first, count } = part;
    if (first >= frameCount) throw behind(`frame ${first}`, `${frameCount} frames`);
    return { first, count: Math.min(count, frameCount - first) };
  }
  if (frameTimes.length !== frameCount) {
    throw new LacunaError({
      what: 'the video does not tell the times of its frames, so no part of it is found by seconds',
      fix: 'Encode it again, or name the part by its frames.',
    });
  }
  const [start, end] = [part.start * MICROSECONDS, part.end * MICROSECONDS];
  const seconds = durationOf(frameTimes);
  if (start > 0 && start >= seconds)
    throw behind(`${part.start} s`, `${(seconds / MICROSECONDS).toFixed(2)} s`);
  const first = firstAt(frameTimes, start);
  const behindLast = firstAt(frameTimes, end);
  if (behindLast > first) return { first, count: behindLast - first };
  return { first: Math.max(0, first - 1), count: 1 };
}

/** The first frame whose time is `time` or later. */
function firstAt(times: Float64Array, time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function behind(got: string, expected: string): LacunaError {
  return new LacunaError({
    what: 'the part begins behind the end of the video',
    got,
    expected: `a start before ${expected}`,
  });
}
