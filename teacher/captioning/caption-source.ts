import type { ClipRecord } from '../../data/index.js';

/** The captions of one video or label, or the reason why there are none. */
export type SourceOutcome =
  | {
      readonly captions: readonly string[];
      /** What a person should know of them: that they are fewer than asked for. */
      readonly note?: string;
    }
  | { readonly problem: string };

/** Where captions come from: an image captioner, the labels, or an endpoint. */
export interface CaptionSource extends AsyncDisposable {
  /** Everything that its captions depend on, besides the videos: a run that goes on has the same. */
  readonly facts: SourceFacts;
  /** How many calls of `caption` may run at once. */
  readonly concurrency: number;
  /** Records of equal keys share their captions, which are asked for once. */
  keyOf(record: ClipRecord): string;
  /**
   * @throws LacunaError for what would fail for the next record too: it ends the run. What is wrong
   *   with this record alone is a `problem`.
   */
  caption(record: ClipRecord, signal: AbortSignal): Promise<SourceOutcome>;
}

export type SourceFacts = Readonly<Record<string, string | number | readonly string[]>>;
