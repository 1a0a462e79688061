/** A place in the order of the data: how far a run has read. */
export interface DataPosition {
  readonly epoch: number;
  /** Places of the epoch's order that are used, those of skipped clips included. */
  readonly place: number;
}

/** A clip as its list describes it. */
export interface ClipSample {
  /** Unique in its list; what its random draws are addressed by. */
  readonly id: string;
  readonly captions: readonly string[];
}

/** Decoded clips of one batch. */
export interface ClipBatch {
  readonly epoch: number;
  /** Indices into `ClipSource.samples`, B of them. */
  readonly samples: readonly number[];
  /** u8 [B, T, H, W, 3]. */
  readonly frames: Uint8Array;
  /** Where the batch after this one begins. */
  readonly next: DataPosition;
}

/** A clip that could not be used. */
export interface ClipProblem {
  /** The sample's id. */
  readonly sample: string;
  /** Why, as one sentence. */
  readonly reason: string;
}

/** Where clips come from. Everything that it gives is a function of (seed, epoch, sample). */
export interface ClipSource {
  readonly samples: readonly ClipSample[];
  /** A digest of the list: two sources with equal digests give equal clips. */
  readonly digest: string;
  /**
   * Full batches without end, epoch after epoch; the last partial batch of an epoch is dropped, and
   * an unusable clip is reported and skipped.
   */
  batches(from: DataPosition): AsyncIterable<ClipBatch>;
  /** Called with each unusable clip, from the time that it is set. */
  onProblem?: (problem: ClipProblem) => void;
}

/** Clips to evaluate on: each sample once, in order, its centre, without augmentation. */
export interface EvaluationClips {
  readonly samples: readonly ClipSample[];
  /** Batches of up to `size` clips; `samples` names those that could be decoded. */
  batches(size: number): AsyncIterable<Pick<ClipBatch, 'samples' | 'frames'>>;
}
