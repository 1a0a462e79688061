import type { RandomStream } from '../../spec/random/stream.js';

/** A clip of frames at equal distances. */
export interface DenseClip {
  /** Frames in the video. */
  readonly frameCount: number;
  /** Frames in the clip. */
  readonly frames: number;
  /** Distance between neighbouring frames of the clip, in frames of the video. */
  readonly stride: number;
}

/**
 * The frames of a training clip: with span = frames * stride and a = frameCount - span + 1, the
 * start is uniform over [0, a), or 0 when a <= 0; then every stride-th frame. By the end rule the
 * cursor stays where it is when one more stride would reach the last frame or pass it, so a short
 * video repeats its last reachable frame (and that is never frame frameCount - 1, unless it is the
 * only one).
 *
 * Source: VideoMAE `kinetics.py`, `VideoMAE._sample_train_indices` and `get_frame_id_list`.
 */
export function denseClip(clip: DenseClip, draw: RandomStream): readonly number[] {
  const starts = clip.frameCount - clip.frames * clip.stride + 1;
  return fromStart(clip, starts > 0 ? draw.integer(starts) : 0);
}

/**
 * The frames of a fine-tuning clip, spread over a window of s = frames * stride frames of the n frames of
 * the video. Where n > s the window ends at e, uniform over [s, n), and frame i is
 * floor(e - s + s i / (frames - 1)), at most e - 1: its neighbours are s / (frames - 1) apart, not `stride`.
 * Else it has k = floor(n / stride) frames floor(n i / (k - 1)), at most n - 1, and repeats n - 1.
 *
 * Source: VideoMAE `kinetics.py`, `VideoClsDataset.loadvideo_decord` (NumPy's linspace, cut to integers).
 */
export function spreadClip(
  { frameCount, frames, stride }: DenseClip,
  draw: RandomStream,
): readonly number[] {
  const span = frames * stride;
  if (frameCount <= span) {
    const spread = linspace(0, frameCount, Math.floor(frameCount / stride));
    return Array.from({ length: frames }, (_, i) =>
      Math.min(Math.floor(spread[i] ?? frameCount), frameCount - 1),
    );
  }
  const end = span + draw.integer(frameCount - span);
  return linspace(end - span, end, frames).map((at) => Math.min(Math.floor(at), end - 1));
}

/** As NumPy's: the step is rounded, the last value is not; of one value the first. */
function linspace(first: number, last: number, count: number): readonly number[] {
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) =>
    i === count - 1 && i > 0 ? last : first + i * step,
  );
}

/** The frames of an evaluation clip: the rule of `denseClip` from start floor((frameCount - span) / 2). */
export function centreDenseClip(clip: DenseClip): readonly number[] {
  const spare = clip.frameCount - clip.frames * clip.stride;
  return fromStart(clip, Math.floor(Math.max(spare, 0) / 2));
}

/**
 * The frames of window `index` of `count`: the rule of `denseClip` from start
 * floor(spare * index / (count - 1)), spare = max(0, frameCount - span); the centre clip where it is alone.
 */
export function windowDenseClip(
  clip: DenseClip,
  { index, count }: { readonly index: number; readonly count: number },
): readonly number[] {
  if (count === 1) return centreDenseClip(clip);
  const spare = Math.max(clip.frameCount - clip.frames * clip.stride, 0);
  return fromStart(clip, Math.floor((spare * index) / (count - 1)));
}

function fromStart({ frameCount, frames, stride }: DenseClip, start: number): readonly number[] {
  let cursor = start;
  return Array.from({ length: frames }, () => {
    const index = cursor;
    if (cursor + stride < frameCount - 1) cursor += stride;
    return index;
  });
}
