import type { RandomStream } from '../../spec/random/stream.js';

/** A clip of one frame a segment (TSN): the video is cut into `frames` equal segments. */
export interface SegmentClip {
  /** Frames in the video. */
  readonly frameCount: number;
  /** Frames in the clip. */
  readonly frames: number;
}

/**
 * The frames of a training clip: one uniform draw a segment of floor(frameCount / frames) frames;
 * frame 0 throughout when the video has fewer frames than the clip.
 *
 * Source: VideoMAE `ssv2.py`, `loadvideo_decord`.
 */
export function segmentClip(
  { frameCount, frames }: SegmentClip,
  draw: RandomStream,
): readonly number[] {
  const segment = Math.floor(frameCount / frames);
  return Array.from({ length: frames }, (_, i) =>
    segment === 0 ? 0 : i * segment + draw.integer(segment),
  );
}

/**
 * The frames of test clip 0 or 1: with the real segment length s = frameCount / frames, every second
 * one of the sorted 2 * frames indices floor(s i) and floor(s / 2 + s i), starting at `clip`.
 *
 * Source: VideoMAE `ssv2.py`, `loadvideo_decord` in test mode.
 */
export function segmentTestClip(
  { frameCount, frames }: SegmentClip,
  clip: 0 | 1,
): readonly number[] {
  const segment = frameCount / frames;
  const starts = Array.from({ length: frames }, (_, i) => Math.floor(segment * i));
  const middles = starts.map((_, i) => Math.floor(segment / 2 + segment * i));
  return [...starts, ...middles].sort((a, b) => a - b).filter((_, i) => i % 2 === clip);
}

/**
 * The frames of window `index` of `count`: floor(s (i + (2 index + 1) / (2 count))) for segment i of
 * length s = frameCount / frames. One window takes the middles of the segments.
 */
export function windowSegmentClip(
  { frameCount, frames }: SegmentClip,
  { index, count }: { readonly index: number; readonly count: number },
): readonly number[] {
  const segment = frameCount / frames;
  const part = (2 * index + 1) / (2 * count);
  return Array.from({ length: frames }, (_, i) => Math.floor(segment * (i + part)));
}
