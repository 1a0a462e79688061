import { LacunaError } from '../../spec/errors.js';
import type { FrameRequest, FrameSize, VideoInfo } from '../video/video-reader.js';
import type { ClipSampling } from './clip-sampling.js';

/** The views that a video is judged by: clips in time, each in crops of its frames. */
export interface ClipViews {
  readonly clips: number;
  readonly crops: number;
}

/** The long side over the short one: beyond it whole frames would take too much memory. */
const MOST_STRETCHED = 16;

/** Bytes of the frames that are read for all views of a video, and of the views. */
const MOST_BYTES = 2 ** 31;

/** What is read of a video for all its views, and where each of them lies in it. */
export interface ViewRequest {
  /** Whole frames, the short side scaled to the size of a clip; those of a clip follow each other. */
  readonly request: FrameRequest;
  /** Left and top of each crop in the scaled frames. */
  readonly corners: readonly { readonly x: number; readonly y: number }[];
}

/**
 * The frames of clip `index` of `count` of a video of n frames.
 * - At a stride: of the m frames 0, stride, 2 stride, ... (the last repeats until there are as many as a
 *   clip has) those from floor(index (m - frames) / (count - 1)) on.
 * - Segments: of the frames floor(s (x + k / count)) of every segment x of length s = n / frames and every
 *   k < count, sorted, every `count`-th from `index` on.
 * One clip alone is the middle one.
 *
 * Source: VideoMAE kinetics.py and ssv2.py, mode `test`; for segments its two clips, s/2 apart, for any number.
 */
export function viewFrames(
  frameCount: number,
  { frames, rule }: Pick<ClipSampling, 'frames' | 'rule'>,
  index: number,
  count: number,
): readonly number[] {
  if (rule.name === 'segments') {
    const segment = frameCount / frames;
    const parts = Array.from({ length: count }, (_, k) => (count === 1 ? 1 / 2 : k / count));
    const all = parts.flatMap((part) =>
      Array.from({ length: frames }, (_, x) => Math.floor(segment * part + segment * x)),
    );
    return all.sort((a, b) => a - b).filter((_, i) => i % count === index);
  }
  const strided = Array.from(
    { length: Math.ceil(frameCount / rule.stride) },
    (_, i) => i * rule.stride,
  );
  while (strided.length < frames) strided.push(strided.at(-1) ?? 0);
  const spare = strided.length - frames;
  const start = count === 1 ? Math.floor(spare / 2) : Math.floor(index * (spare / (count - 1)));
  return strided.slice(start, start + frames);
}

/** A frame with its short side scaled to `size`: the long one is cut to a whole number. */
export function shortSideSize({ width, height }: FrameSize, size: number): FrameSize {
  return width < height
    ? { width: size, height: Math.floor((size * height) / width) }
    : { width: Math.floor((size * width) / height), height: size };
}

/**
 * All views of a video. Crops lie along the long side of the scaled frame, crop j of c at
 * floor(j (long - size) / (c - 1)); one alone in the middle.
 * Source: VideoMAE kinetics.py, `VideoClsDataset`, mode `test`.
 */
export function viewClips(
  video: Pick<VideoInfo, 'width' | 'height' | 'frameCount'>,
  sampling: Pick<ClipSampling, 'frames' | 'size' | 'rule'>,
  { clips, crops }: ClipViews,
): ViewRequest {
  const { size } = sampling;
  const { width, height, frameCount } = video;
  if (Math.max(width, height) > MOST_STRETCHED * Math.min(width, height)) {
    throw new LacunaError({
      what: 'the frames are too long and narrow to be cut into views',
      got: `${width} x ${height}`,
      expected: `a long side of at most ${MOST_STRETCHED} short ones`,
    });
  }
  const scaled = shortSideSize(video, size);
  const bytes =
    3 * clips * sampling.frames * Math.max(scaled.width * scaled.height, crops * size * size);
  if (bytes > MOST_BYTES) {
    throw new LacunaError({
      what: 'the views of this video take too much memory',
      got: `${(bytes / 2 ** 30).toFixed(1)} GiB`,
      expected: `at most ${MOST_BYTES / 2 ** 30} GiB`,
      fix: 'Take fewer views.',
    });
  }
  const isTall = scaled.height > scaled.width;
  const spare = Math.max(scaled.width, scaled.height) - size;
  return {
    request: {
      indices: Array.from({ length: clips }, (_, clip) =>
        viewFrames(frameCount, sampling, clip, clips),
      ).flat(),
      crop: { x: 0, y: 0, width, height },
      size: scaled,
      flip: false,
    },
    corners: Array.from({ length: crops }, (_, crop) => {
      const at = Math.floor(crops === 1 ? spare / 2 : crop * (spare / (crops - 1)));
      return isTall ? { x: 0, y: at } : { x: at, y: 0 };
    }),
  };
}

/**
 * The views as they were read: frames [clips T, h, w, 3] to [clips crops T, size, size, 3], the crops of a clip one
 * after the other.
 */
export function cutViews(
  frames: Uint8Array,
  { request, corners }: ViewRequest,
  { frames: length, size }: Pick<ClipSampling, 'frames' | 'size'>,
): Uint8Array<ArrayBuffer> {
  const { width, height } = request.size;
  const clips = request.indices.length / length;
  const row = size * 3;
  const views = new Uint8Array(clips * corners.length * length * size * row);
  let target = 0;
  for (let clip = 0; clip < clips; clip++)
    for (const { x, y } of corners)
      for (let frame = clip * length; frame < (clip + 1) * length; frame++)
        for (let line = 0; line < size; line++, target += row) {
          const source = ((frame * height + y + line) * width + x) * 3;
          views.set(frames.subarray(source, source + row), target);
        }
  return views;
}
