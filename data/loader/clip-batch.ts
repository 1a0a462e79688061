import type { ClipRecord } from '../annotations/clip-record.js';
import type { ClipMotion } from '../motion/motion-request.js';
import type { CropBox } from '../video/video-reader.js';

/** One sample of a batch. */
export interface BatchSample {
  readonly record: ClipRecord;
  /** `sampleWord` of its id: the address of its masks. */
  readonly word: number;
  /** The epoch of its list: the address of its masks. That of the batch where there is one list. */
  readonly epoch: number;
  /** Which augmentation of its clip it is, of repeated ones. @defaultValue 0 */
  readonly repeat?: number;
  /** Index into `record.captions`; -1 when there is none. */
  readonly caption: number;
  /** The index of each frame in the decoded video. */
  readonly frameIndices: readonly number[];
  readonly crop: CropBox;
  readonly flip: boolean;
  /** What the sampling's `motion` asks for. */
  readonly motion?: ClipMotion;
}

/** A sample that could not be read, or not whole. */
export interface SkippedSample {
  readonly id: string;
  readonly reason: string;
}

/** A batch of clips, as trained on. */
export interface ClipBatch {
  readonly epoch: number;
  /** Counted from 0 in each epoch. */
  readonly step: number;
  /** RGB24: [B, T, H, W, 3]. It is the receiver's: no later batch reuses the memory. */
  readonly video: Uint8Array<ArrayBuffer>;
  readonly samples: readonly BatchSample[];
  /** The samples that were passed over in making this batch. */
  readonly skipped: readonly SkippedSample[];
  /** Those of its samples that lack frames, with how many. */
  readonly incomplete: readonly SkippedSample[];
}

/** A place in the sequence of batches. */
export interface LoaderPosition {
  readonly epoch: number;
  readonly step: number;
}

/** What a loader did so far, counting delivered batches only. */
export interface LoaderStatistics {
  readonly batches: number;
  readonly decodedFrames: number;
  /** How often a sample was passed over. */
  readonly skippedSamples: number;
  /** Each video that could not be read, or not whole, once, with its first reason. */
  readonly problems: ReadonlyMap<string, string>;
  /** Seconds that the receiver waited for batches. */
  readonly waitingSeconds: number;
}
