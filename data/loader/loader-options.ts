import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from '../annotations/clip-record.js';
import type { ClipSampling } from '../sampling/clip-sampling.js';
import type { DataRoot } from '../video/data-root.js';
import type { VideoBackendName } from '../video/video-reader.js';
import type { Mixing } from './batch-places.js';
import type { LoaderPosition } from './clip-batch.js';

/** The clips of a list. */
export interface ClipSource {
  /** The data folder. */
  readonly root: DataRoot;
  readonly records: readonly ClipRecord[];
  /** What the list counts beside others: see `BatchPlaces`. @defaultValue 1 */
  readonly weight?: number;
}

/** Rows of a batch that follow each other. */
export interface BatchRows {
  readonly first: number;
  readonly count: number;
}

export interface ClipLoaderOptions extends ClipSource {
  /** Lists that share the batches with `records`. @defaultValue none */
  readonly others?: readonly ClipSource[];
  /** How they share them. @defaultValue 'quotas' */
  readonly mixing?: Mixing;
  readonly sampling: ClipSampling;
  readonly seed: number;
  readonly batchSize: number;
  /**
   * Augmentations of each clip, one after the other in the batch, which `batchSize` does not count: the same
   * frames with other draws. @defaultValue 1
   */
  readonly repeats?: number;
  /** Decoding threads; 0 decodes in this one. @defaultValue 1 */
  readonly workers?: number;
  /** @defaultValue 'auto' */
  readonly backend?: VideoBackendName | 'auto';
  /** Batches made ahead of need. @defaultValue 3 */
  readonly prefetchBatches?: number;
  /** Bytes of batches made ahead of need; one batch is made ahead whatever its size. @defaultValue 512 MiB */
  readonly prefetchBytes?: number;
  /**
   * The rows of each batch that are delivered, where other processes take the others: joined, they are the batch
   * that one process would have, to the bit. @defaultValue all `batchSize`
   */
  readonly rows?: BatchRows;
  /** The first batch to deliver. @defaultValue the first of epoch 0 */
  readonly start?: LoaderPosition;
}

/** All lists of a loader, its own first. */
export function sourcesOf({
  root,
  records,
  weight = 1,
  others = [],
}: ClipLoaderOptions): ClipSource[] {
  return [{ root, records, weight }, ...others];
}

/** The rows of a batch that are delivered. */
export function rowsOf({
  batchSize,
  rows,
}: Pick<ClipLoaderOptions, 'batchSize' | 'rows'>): BatchRows {
  return rows ?? { first: 0, count: batchSize };
}

/** How many batches of so many bytes are made ahead of need. */
export function batchesAhead(
  bytes: number,
  {
    prefetchBatches = 3,
    prefetchBytes = 2 ** 29,
  }: Pick<ClipLoaderOptions, 'prefetchBatches' | 'prefetchBytes'>,
): number {
  return Math.max(1, Math.min(prefetchBatches, Math.floor(prefetchBytes / bytes)));
}

/** Bytes of the batches that a loader makes ahead of need, by its defaults. */
export function framesAhead(
  sampling: Pick<ClipSampling, 'frames' | 'size'>,
  batchSize: number,
): number {
  const bytes = batchSize * clipBytes(sampling);
  return bytes * batchesAhead(bytes, {});
}

/** Bytes of a clip's pixels. */
export function clipBytes({ frames, size }: Pick<ClipSampling, 'frames' | 'size'>): number {
  return frames * size * size * 3;
}

/** @throws LacunaError for options that are out of bounds, or that the lists cannot fill. */
export function checkOptions(options: ClipLoaderOptions): void {
  const { batchSize, start, sampling } = options;
  const clips = sourcesOf(options).reduce((sum, { records }) => sum + records.length, 0);
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > clips) {
    throw new LacunaError({
      what: 'the batch size does not fit the list',
      got: `batches of ${batchSize} from ${clips} videos`,
      expected: 'a whole number from 1 to the number of videos',
      fix: 'Choose a smaller batch or a longer list.',
    });
  }
  const { first, count } = rowsOf(options);
  const isRows = Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count >= 1;
  if (!isRows || first + count > batchSize) {
    throw new LacunaError({
      what: 'the batch has no such rows',
      got: `${count} rows from ${first} on`,
      expected: `whole numbers, at least 1 row, of ${batchSize}`,
    });
  }
  const { frames, size, rule } = sampling;
  const stride = rule.name === 'segments' ? 1 : rule.stride;
  if (![frames, size, stride].every((n) => Number.isInteger(n) && n >= 1 && n <= 2 ** 16)) {
    throw new LacunaError({
      what: 'the clip sampling is out of bounds',
      got: `${frames} frames of ${size} x ${size}, stride ${stride}`,
      expected: 'whole numbers from 1 to 65536',
    });
  }
  const steps = Math.floor(clips / batchSize);
  const { epoch, step } = start ?? { epoch: 0, step: 0 };
  if (![epoch, step].every((n) => Number.isInteger(n) && n >= 0) || step > steps) {
    throw new LacunaError({
      what: 'the place to start at does not exist',
      got: `epoch ${epoch}, step ${step}`,
      expected: `whole numbers, a step of at most ${steps}`,
      fix: 'Resume with the list and the batch size of the run that was begun.',
    });
  }
}
