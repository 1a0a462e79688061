import { repeatedReplicate } from '../../spec/finetuning/repeats.js';
import type { Crop } from '../../spec/model/presets.js';
import { type DrawAddress, RandomStream, type StreamName } from '../../spec/random/stream.js';
import type { ClipAugmentation } from '../augmentation/augment-clip.js';
import type { MotionRequest } from '../motion/motion-request.js';
import type { CropBox, FrameRequest, FrameSize, VideoInfo } from '../video/video-reader.js';
import { centreCrop } from './centre-crop.js';
import { denseClip, spreadClip, windowDenseClip } from './dense-clip.js';
import { multiScaleCrop } from './multi-scale-crop.js';
import { LEAST_AREAS, randomResizedCrop } from './random-resized-crop.js';
import {
  type SegmentClip,
  segmentClip,
  segmentTestClip,
  windowSegmentClip,
} from './segment-clip.js';

/** How clips are taken from videos. */
export interface ClipSampling {
  /** T: frames in a clip. */
  readonly frames: number;
  /** Side of the square frames that are delivered, in pixels. */
  readonly size: number;
  /**
   * Which frames: `dense` takes every `stride`-th from a random start (VideoMAE pre-training),
   * `window` spreads them over `stride` times as many frames (VideoMAE fine-tuning), `segments` takes one
   * a segment of the whole video (TSN, for Something-Something). Evaluation clips of `window` are dense.
   */
  readonly rule:
    | { readonly name: 'dense' | 'window'; readonly stride: number }
    | { readonly name: 'segments' };
  /** How training clips are cropped. */
  readonly crop: Crop;
  /** Whether training clips are mirrored half of the time. VideoMAE's pre-training code does not. */
  readonly flip: boolean;
  /** The map of its motion that each clip is to bring along. @defaultValue none */
  readonly motion?: MotionRequest;
  /** What becomes of training clips after they were cropped and mirrored. @defaultValue nothing */
  readonly augmentation?: ClipAugmentation;
}

/** Where the draws of one sample lie. */
export type SampleAddress = Readonly<Required<Omit<DrawAddress, 'stream'>>>;

const CROP: Readonly<
  Record<Crop, (frame: FrameSize, size: number, stream: RandomStream) => CropBox>
> = {
  'multi-scale': multiScaleCrop,
  'random-resized': (frame, _, stream) => randomResizedCrop(frame, stream),
  inception: (frame, _, stream) => randomResizedCrop(frame, stream, LEAST_AREAS.inception),
  centre: centreCrop,
};

/**
 * The training clip of a video: a function of the video's size and length, and of the address. Augmentation
 * `repeat` of it has the same frames, and draws all else at replicate + 4096 repeat.
 */
export function trainingClip(
  video: Pick<VideoInfo, 'width' | 'height' | 'frameCount'>,
  sampling: ClipSampling,
  address: SampleAddress,
  repeat: number = 0,
): FrameRequest {
  const { frames, size, rule } = sampling;
  const { frameCount } = video;
  const own = augmentationAddress(address, repeat);
  const draw = (stream: StreamName): RandomStream => new RandomStream({ ...own, stream });
  return {
    indices: trainingFrames(
      { frameCount, frames },
      rule,
      new RandomStream({ ...address, stream: 'frames' }),
    ),
    crop: CROP[sampling.crop](video, size, draw('crop')),
    size: { width: size, height: size },
    flip: sampling.flip && draw('flip').integer(2) === 1,
  };
}

/** Where augmentation `repeat` of a clip draws. */
export function augmentationAddress(address: SampleAddress, repeat: number): SampleAddress {
  return { ...address, replicate: repeatedReplicate(address.replicate, repeat) };
}

function trainingFrames(
  clip: SegmentClip,
  rule: ClipSampling['rule'],
  draw: RandomStream,
): readonly number[] {
  if (rule.name === 'segments') return segmentClip(clip, draw);
  const strided = { ...clip, stride: rule.stride };
  return rule.name === 'dense' ? denseClip(strided, draw) : spreadClip(strided, draw);
}

/** One of the clips that an evaluation takes of a video. */
export interface ClipWindow {
  /** From 0, in the order of time. */
  readonly index: number;
  readonly count: number;
}

/** Frames of a video that follow each other: `count` from `first` on. */
export interface FrameSpan {
  readonly first: number;
  readonly count: number;
}

/** The clip of a part of a video, from the clip of a video that has nothing else in it. */
export function inSpan(alone: FrameRequest, { first }: FrameSpan): FrameRequest {
  return { ...alone, indices: alone.indices.map((index) => first + index) };
}

/**
 * The evaluation clip of a video: the middle of it, cropped in the centre, never mirrored. Of several
 * windows, dense ones begin at equal distances from the first start that there is to the last, and
 * segment ones take the frames at (2 index + 1) / (2 count) of every segment.
 */
export function evaluationClip(
  video: Pick<VideoInfo, 'width' | 'height' | 'frameCount'>,
  { frames, size, rule }: Pick<ClipSampling, 'frames' | 'size' | 'rule'>,
  window: ClipWindow = { index: 0, count: 1 },
): FrameRequest {
  const { frameCount } = video;
  return {
    indices:
      rule.name !== 'segments'
        ? windowDenseClip({ frameCount, frames, stride: rule.stride }, window)
        : window.count === 1
          ? segmentTestClip({ frameCount, frames }, 1)
          : windowSegmentClip({ frameCount, frames }, window),
    crop: centreCrop(video),
    size: { width: size, height: size },
    flip: false,
  };
}

/**
 * Which of its captions a sample takes, uniform over them (FIT's training rule); -1 when it has
 * none.
 */
export function captionChoice(captionCount: number, address: SampleAddress): number {
  if (captionCount === 0) return -1;
  return new RandomStream({ ...address, stream: 'caption' }).integer(captionCount);
}
