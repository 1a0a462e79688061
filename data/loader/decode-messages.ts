import type { ErrorFacts } from '../../spec/errors.js';
import type { ClipPart } from '../annotations/clip-part.js';
import type { ClipSampling, ClipWindow, SampleAddress } from '../sampling/clip-sampling.js';
import type { ClipViews } from '../sampling/view-clips.js';
import type { DataRoot } from '../video/data-root.js';
import type { MemberPlace } from '../video/video-path.js';
import type { VideoBackendName } from '../video/video-reader.js';
import type { Clip } from './clip.js';

/** What a decoding worker is told when it starts. */
export interface DecodeSetup {
  readonly sampling: ClipSampling;
  readonly backend: VideoBackendName | 'auto';
}

/** One clip to decode: for training at an address, for evaluation without one. */
export interface DecodeJob {
  /** The data folder. */
  readonly root: DataRoot;
  /** Relative to the data folder. */
  readonly video: string;
  /** Where in a tar it lies. @defaultValue it is a file */
  readonly member?: MemberPlace;
  readonly address: SampleAddress | undefined;
  /** Which augmentation of the clip: see `trainingClip`. @defaultValue 0 */
  readonly repeat?: number;
  /** Which evaluation clip. @defaultValue the only one, in the middle */
  readonly window?: ClipWindow;
  /** Of which part of the video the clip is. @defaultValue all of it */
  readonly part?: ClipPart;
  /** All these views of the video in one answer: see `viewClips`. @defaultValue one clip */
  readonly views?: ClipViews;
}

/** A job, or the word to end after the current one. */
export type ToWorker =
  | (DecodeJob & {
      readonly kind: 'job';
      readonly key: number;
      /** Whether the bytes of a member of a tar are held to its digest first. */
      readonly verify: boolean;
    })
  | { readonly kind: 'stop' };

/** What a worker answers: once that it is ready or cannot start, then once a job. */
export type FromWorker =
  | { readonly kind: 'ready'; readonly backend: VideoBackendName }
  | { readonly kind: 'unavailable'; readonly facts: ErrorFacts }
  | { readonly kind: 'clip'; readonly key: number; readonly clip: Clip }
  | { readonly kind: 'problem'; readonly key: number; readonly problem: ClipProblem };

/** Why a clip could not be had. */
export interface ClipProblem {
  /** The reason, as a sentence. */
  readonly reason: string;
  /** Whether no clip of this video can be had: it does not open. Another part of it may decode. */
  readonly isWholeVideo: boolean;
}

/** A clip, or the reason why there is none. */
export type DecodeOutcome = { readonly clip: Clip } | { readonly problem: ClipProblem };
