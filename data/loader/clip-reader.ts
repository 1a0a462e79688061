import { LacunaError } from '../../spec/errors.js';
import { type ClipPlace, type ClipRecord, placeOf } from '../annotations/clip-record.js';
import type { ClipSampling, ClipWindow } from '../sampling/clip-sampling.js';
import type { ClipViews } from '../sampling/view-clips.js';
import type { DataRoot } from '../video/data-root.js';
import type { VideoBackendName } from '../video/video-reader.js';
import { checkDataFolder } from './check-data-folder.js';
import type { Clip } from './clip.js';
import type { DecodeJob } from './decode-messages.js';
import { type Decoding, openDecoding } from './decoding.js';

export interface ClipReaderOptions {
  /** The data folder. */
  readonly root: DataRoot;
  readonly records: readonly ClipRecord[];
  readonly sampling: Pick<ClipSampling, 'frames' | 'size' | 'rule' | 'motion'>;
  /** Clips of each video, one after another in the order of time. @defaultValue 1 */
  readonly windows?: number;
  /** These views of each video, one after another in one clip, in place of windows. @defaultValue none */
  readonly views?: ClipViews;
  /** Decoding threads; 0 decodes in this one. @defaultValue 1 */
  readonly workers?: number;
  /** @defaultValue 'auto' */
  readonly backend?: VideoBackendName | 'auto';
}

/** A record with its evaluation clip, or with the reason why there is none. */
export type EvaluationClip =
  | { readonly record: ClipRecord; readonly clip: Clip }
  | { readonly record: ClipRecord; readonly problem: string };

/** Evaluation clips: of each video always the same one, or the same few, cropped in the centre. */
export class ClipReader implements AsyncDisposable {
  readonly #root: DataRoot;
  readonly #records: readonly ClipRecord[];
  readonly #decoding: Decoding;
  readonly #ahead: number;
  readonly #windows: number;
  readonly #views: ClipViews | undefined;

  private constructor(
    { root, records }: Pick<ClipReaderOptions, 'root' | 'records'>,
    decoding: Decoding,
    workers: number,
    { windows = 1, views }: Pick<ClipReaderOptions, 'windows' | 'views'>,
  ) {
    this.#root = root;
    this.#records = records;
    this.#decoding = decoding;
    this.#ahead = 2 * Math.max(1, workers);
    this.#windows = views === undefined ? windows : 1;
    this.#views = views;
  }

  /** @throws LacunaError on a missing folder, or without a video backend. */
  static async open(options: ClipReaderOptions): Promise<ClipReader> {
    const { root, records, backend = 'auto', workers = 1 } = options;
    await checkDataFolder(root, records);
    const sampling: ClipSampling = { ...options.sampling, crop: 'centre', flip: false };
    const decoding = await openDecoding({ sampling, backend }, workers);
    return new ClipReader({ root, records }, decoding, workers, options);
  }

  /** The clip of one record, which may be about a part of a video. @throws LacunaError with the reason when it cannot be read. */
  async readClip(record: ClipPlace): Promise<Clip> {
    const outcome = await this.#decoding.decode(jobOf(this.#root, record));
    if ('clip' in outcome) return outcome.clip;
    throw new LacunaError({ what: outcome.problem.reason.replace(/\.$/, '') });
  }

  /** The clips of all records, in their order, of each its windows; a few are decoded ahead. */
  async *clips(): AsyncGenerator<EvaluationClip, void> {
    const ahead: Promise<EvaluationClip>[] = [];
    const count = this.#windows;
    for (const record of this.#records) {
      for (let index = 0; index < count; index++) {
        ahead.push(this.#outcome(record, { index, count }));
        const first = ahead.length > this.#ahead ? ahead.shift() : undefined;
        if (first !== undefined) yield await first;
      }
    }
    for (const clip of ahead) yield await clip;
  }

  /** Stops the workers. */
  async close(): Promise<void> {
    await this.#decoding.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #outcome(record: ClipRecord, window: ClipWindow): Promise<EvaluationClip> {
    const views = this.#views;
    const which = views === undefined ? { window } : { views };
    const outcome = this.#decoding
      .decode({ ...jobOf(this.#root, record), ...which })
      .then((decoded) =>
        'clip' in decoded
          ? { record, clip: decoded.clip }
          : { record, problem: decoded.problem.reason },
      );
    outcome.catch(() => {}); // told when its turn comes
    return outcome;
  }
}

/** What a worker is asked of a record, without draws. */
function jobOf(root: DataRoot, record: ClipPlace): DecodeJob {
  return { root, ...placeOf(record), address: undefined };
}
