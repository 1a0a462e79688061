import { LacunaError } from '../../spec/errors.js';
import { sampleWord } from '../../spec/random/sample-word.js';
import { type ClipRecord, placeOf } from '../annotations/clip-record.js';
import { type ClipSampling, captionChoice } from '../sampling/clip-sampling.js';
import type { DataRoot } from '../video/data-root.js';
import type { VideoBackendName } from '../video/video-reader.js';
import { BatchPlaces, type Mixing, type Place } from './batch-places.js';
import { checkDataFolder } from './check-data-folder.js';
import { type Clip, missingNote } from './clip.js';
import type {
  BatchSample,
  ClipBatch,
  LoaderPosition,
  LoaderStatistics,
  SkippedSample,
} from './clip-batch.js';
import { DecodePool } from './decode-pool.js';

/** The clips of a list. */
export interface ClipSource {
  /** The data folder. */
  readonly root: DataRoot;
  readonly records: readonly ClipRecord[];
  /** What the list counts beside others: see `BatchPlaces`. @defaultValue 1 */
  readonly weight?: number;
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
  /** Decoding threads. @defaultValue 1 */
  readonly workers?: number;
  /** @defaultValue 'auto' */
  readonly backend?: VideoBackendName | 'auto';
  /** Batches made ahead of need. @defaultValue 3 */
  readonly prefetchBatches?: number;
  /** Bytes of batches made ahead of need; one batch is made ahead whatever its size. @defaultValue 512 MiB */
  readonly prefetchBytes?: number;
  /** The first batch to deliver. @defaultValue the first of epoch 0 */
  readonly start?: LoaderPosition;
}

/**
 * Batches of clips without end, epoch after epoch, decoded in worker threads ahead of need.
 *
 * Every batch is a function of (seed, epoch, step, lists): of neither the number of workers nor
 * the place where the loader started (`BatchPlaces`). A sample that cannot be read is passed over, noted,
 * and replaced by the first of its stand-ins, of the same list, that can be read and is not in the batch;
 * only where no such video is left in the list does one stand in a batch twice. The k-th stand-in that is tried takes the
 * random draws of replicate k.
 */
export class ClipLoader implements AsyncDisposable {
  /** Batches in an epoch; the last samples of its order that fill no batch are left out. */
  readonly stepsPerEpoch: number;
  readonly #options: ClipLoaderOptions;
  readonly #sources: readonly ClipSource[];
  readonly #places: BatchPlaces;
  readonly #pool: DecodePool;
  /** Of each list the words of its records. */
  readonly #words: readonly (readonly number[])[];
  readonly #window: number;
  readonly #unreadable = new Map<string, string>();
  readonly #ahead: Promise<MadeBatch>[] = [];
  readonly #problems = new Map<string, string>();
  #following: LoaderPosition;
  #counts = { batches: 0, decodedFrames: 0, skippedSamples: 0, waitingSeconds: 0 };

  private constructor(options: ClipLoaderOptions, places: BatchPlaces, pool: DecodePool) {
    const { batchSize, repeats = 1, sampling, start = { epoch: 0, step: 0 } } = options;
    this.#options = options;
    this.#pool = pool;
    this.#sources = sourcesOf(options);
    this.#places = places;
    this.#words = this.#sources.map(({ records }) => records.map(({ id }) => sampleWord(id)));
    this.stepsPerEpoch = places.stepsPerEpoch;
    this.#window = batchesAhead(batchSize * repeats * clipBytes(sampling), options);
    this.#following = start;
    if (start.step === this.stepsPerEpoch) this.#following = { epoch: start.epoch + 1, step: 0 };
    this.#fill();
  }

  /** @throws LacunaError on options out of bounds, a missing folder, or without a video backend. */
  static async open(options: ClipLoaderOptions): Promise<ClipLoader> {
    checkOptions(options);
    const { sampling, batchSize, seed, mixing, backend = 'auto', workers = 1 } = options;
    const sources = sourcesOf(options);
    const shares = sources.map(({ records, weight = 1 }) => ({ count: records.length, weight }));
    const places = new BatchPlaces(shares, batchSize, seed, mixing);
    for (const { root, records } of sources) await checkDataFolder(root, records);
    return new ClipLoader(options, places, await DecodePool.open({ sampling, backend }, workers));
  }

  /** The backend that decodes. */
  get backend(): VideoBackendName {
    return this.#pool.backend;
  }

  /** The next batch. @throws LacunaError when no sample can be read, or a worker stopped. */
  async next(): Promise<ClipBatch> {
    const before = performance.now();
    this.#fill();
    const made = await this.#ahead.shift();
    if (made === undefined) throw new LacunaError({ what: 'the loader was closed' });
    this.#fill();
    this.#counts.waitingSeconds += (performance.now() - before) / 1000;
    this.#counts.batches++;
    this.#counts.decodedFrames += made.decodedFrames;
    this.#counts.skippedSamples += made.batch.skipped.length;
    for (const { id, reason } of [...made.batch.skipped, ...made.batch.incomplete]) {
      if (!this.#problems.has(id)) this.#problems.set(id, reason);
    }
    return made.batch;
  }

  statistics(): LoaderStatistics {
    return { ...this.#counts, problems: new Map(this.#problems) };
  }

  /** Stops the workers. Batches made ahead are dropped. */
  async close(): Promise<void> {
    await this.#pool.close();
    this.#ahead.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #fill(): void {
    while (this.#ahead.length < this.#window) {
      const { epoch, step } = this.#following;
      const made = this.#make(epoch, step);
      made.catch(() => {}); // `next` tells of it, when its turn comes
      this.#ahead.push(made);
      this.#following =
        step + 1 < this.stepsPerEpoch ? { epoch, step: step + 1 } : { epoch: epoch + 1, step: 0 };
    }
  }

  async #make(epoch: number, step: number): Promise<MadeBatch> {
    const { batchSize, repeats = 1, sampling } = this.#options;
    const bytes = clipBytes(sampling);
    const video = new Uint8Array(batchSize * repeats * bytes);
    const skips = Array.from({ length: batchSize * repeats }, (): SkippedSample[] => []);
    let decodedFrames = 0;
    const places = this.#places
      .batch(epoch, step)
      .flatMap((place) => Array.from({ length: repeats }, (_, repeat) => ({ ...place, repeat })));
    const own = await Promise.all(
      places.map((place, i) => this.#read(place, 0, skips[i] as SkippedSample[])),
    );
    const inBatch = new Set(own.flatMap((each) => (each === undefined ? [] : [each.key])));
    const samples: BatchSample[] = [];
    const incomplete: SkippedSample[] = [];
    for (const [i, skipped] of skips.entries()) {
      const { sample, clip } =
        own[i] ?? (await this.#standIn(places[i] as RepeatedPlace, inBatch, skipped));
      video.set(clip.video, i * bytes);
      decodedFrames += clip.decodedFrames;
      samples.push(sample);
      const { id, video: name } = sample.record;
      const reason = missingNote(name, clip);
      if (reason !== undefined) incomplete.push({ id, reason });
    }
    const told = { skipped: skips.flat(), incomplete };
    return { batch: { epoch, step, video, samples, ...told }, decodedFrames };
  }

  /** The first stand-in for the sample of a place that can be read: one that is not in the batch, if there is any. */
  async #standIn(
    place: RepeatedPlace,
    inBatch: Set<string>,
    skipped: SkippedSample[],
  ): Promise<ReadSample> {
    const { source, epoch, repeat } = place;
    const numbers = place.standIns();
    const isIn = (number: number): boolean => inBatch.has(keyOf({ source, number }));
    let replicate = 1;
    for (const number of [...numbers.filter((each) => !isIn(each)), ...numbers.filter(isIn)]) {
      const read = await this.#read(
        { source, epoch, number, repeat },
        Math.min(replicate++, 0xffff),
        skipped,
      );
      if (read === undefined) continue;
      inBatch.add(read.key);
      return read;
    }
    throw new LacunaError({
      what: 'no video of the list can be read',
      got: skipped[0]?.reason ?? '',
      fix: 'Check the data folder and the list.',
    });
  }

  /** A record's clip, or undefined where it cannot be read, which is noted. */
  async #read(
    { source, epoch, number, repeat }: Omit<RepeatedPlace, 'standIns'>,
    replicate: number,
    skipped: SkippedSample[],
  ): Promise<ReadSample | undefined> {
    const { root, records } = this.#sources[source] as ClipSource;
    const record = records[number] as ClipRecord;
    const key = keyOf({ source, number });
    const word = this.#words[source]?.[number] ?? 0;
    const address = { seed: this.#options.seed, epoch, sample: word, replicate };
    const known = this.#unreadable.get(key);
    const outcome =
      known === undefined
        ? await this.#pool.decode({ root, ...placeOf(record), address, repeat })
        : { problem: { reason: known, isWholeVideo: true } };
    if ('clip' in outcome) {
      const { clip } = outcome;
      const { frameIndices, crop, flip } = clip;
      const motion = clip.motion === undefined ? {} : { motion: clip.motion };
      const caption = captionChoice(record.captions.length, address);
      const which = repeat === 0 ? {} : { repeat };
      const drawn = { word, epoch, caption, frameIndices, crop, flip };
      const sample = { record, ...drawn, ...which, ...motion };
      return { key, sample, clip };
    }
    const { reason, isWholeVideo } = outcome.problem;
    if (isWholeVideo) this.#unreadable.set(key, reason);
    skipped.push({ id: record.id, reason });
    return undefined;
  }
}

/** A place with which of its augmentations is meant. */
type RepeatedPlace = Place & { readonly repeat: number };

/** What a sample is known by. */
function keyOf({ source, number }: Pick<Place, 'source' | 'number'>): string {
  return `${source} ${number}`;
}

/** A sample of a list, with its pixels. */
interface ReadSample {
  readonly key: string;
  readonly sample: BatchSample;
  readonly clip: Clip;
}

interface MadeBatch {
  readonly batch: ClipBatch;
  readonly decodedFrames: number;
}

function sourcesOf({ root, records, weight = 1, others = [] }: ClipLoaderOptions): ClipSource[] {
  return [{ root, records, weight }, ...others];
}

/** How many batches of so many bytes are made ahead of need. */
function batchesAhead(
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

function clipBytes({ frames, size }: Pick<ClipSampling, 'frames' | 'size'>): number {
  return frames * size * size * 3;
}

function checkOptions(options: ClipLoaderOptions): void {
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
