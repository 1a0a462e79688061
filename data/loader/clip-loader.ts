import { LacunaError } from '../../spec/errors.js';
import { sampleWord } from '../../spec/random/sample-word.js';
import { type ClipRecord, placeOf } from '../annotations/clip-record.js';
import { captionChoice } from '../sampling/clip-sampling.js';
import type { VideoBackendName } from '../video/video-reader.js';
import { BatchPlaces, type Place } from './batch-places.js';
import { checkDataFolder } from './check-data-folder.js';
import { type Clip, missingNote } from './clip.js';
import type {
  BatchSample,
  ClipBatch,
  LoaderPosition,
  LoaderStatistics,
  SkippedSample,
} from './clip-batch.js';
import { type Decoding, openDecoding } from './decoding.js';
import {
  batchesAhead,
  type ClipLoaderOptions,
  type ClipSource,
  checkOptions,
  clipBytes,
  rowsOf,
  sourcesOf,
} from './loader-options.js';

/**
 * Batches of clips without end, epoch after epoch, decoded in worker threads ahead of need.
 *
 * Every batch is a function of (seed, epoch, step, lists): of neither the number of workers or of processes
 * that share its rows, nor the place where the loader started (`BatchPlaces`). A sample that cannot be read is passed over, noted,
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
  readonly #decoding: Decoding;
  /** Of each list the words of its records. */
  readonly #words: readonly (readonly number[])[];
  readonly #window: number;
  readonly #unreadable = new Map<string, string>();
  readonly #ahead: Promise<MadeBatch>[] = [];
  readonly #problems = new Map<string, string>();
  #following: LoaderPosition;
  #counts = { batches: 0, decodedFrames: 0, skippedSamples: 0, waitingSeconds: 0 };

  private constructor(options: ClipLoaderOptions, places: BatchPlaces, decoding: Decoding) {
    const { repeats = 1, sampling, start = { epoch: 0, step: 0 } } = options;
    this.#options = options;
    this.#decoding = decoding;
    this.#sources = sourcesOf(options);
    this.#places = places;
    this.#words = this.#sources.map(({ records }) => records.map(({ id }) => sampleWord(id)));
    this.stepsPerEpoch = places.stepsPerEpoch;
    this.#window = batchesAhead(rowsOf(options).count * repeats * clipBytes(sampling), options);
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
    return new ClipLoader(options, places, await openDecoding({ sampling, backend }, workers));
  }

  /** The backend that decodes. */
  get backend(): VideoBackendName {
    return this.#decoding.backend;
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
    await this.#decoding.close();
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
    const { sampling } = this.#options;
    const places = this.#places.batch(epoch, step);
    const { first, count } = rowsOf(this.#options);
    const isOwn = (row: number): boolean => row >= first && row < first + count;
    const read = async (wanted: (row: number) => boolean): Promise<readonly (Row | undefined)[]> =>
      Promise.all(places.map((place, row) => (wanted(row) ? this.#row(place) : undefined)));
    const own = await read(isOwn);
    // Which samples are left for a row whose stand-ins cannot be read, the whole batch tells.
    if (own.some((row) => row?.some(({ read: clip }) => clip === undefined))) {
      const others = await read((row) => !isOwn(row));
      await this.#fillRows(own.map((row, i) => (row ?? others[i]) as Row));
    }
    const bytes = clipBytes(sampling);
    const slots = own.flatMap((row) => row ?? []);
    const video = new Uint8Array(slots.length * bytes);
    const incomplete: SkippedSample[] = [];
    const samples = slots.map(({ read: found }, i): BatchSample => {
      const { sample, clip } = found as ReadSample;
      video.set(clip.video, i * bytes);
      const { id, video: name } = sample.record;
      const reason = missingNote(name, clip);
      if (reason !== undefined) incomplete.push({ id, reason });
      return sample;
    });
    const skipped = slots.flatMap((slot) => slot.skipped);
    const decodedFrames = slots.reduce(
      (sum, { read: found }) => sum + (found?.clip.decodedFrames ?? 0),
      0,
    );
    return { batch: { epoch, step, video, samples, skipped, incomplete }, decodedFrames };
  }

  /**
   * The augmentations of a place's sample, or of the first stand-ins of its row that can be read; one is left
   * without where none can.
   */
  async #row(place: Place): Promise<Row> {
    const { repeats = 1 } = this.#options;
    const slots = Array.from(
      { length: repeats },
      (_, repeat): Slot => ({
        place: { ...place, repeat },
        skipped: [],
        tried: 1,
        read: undefined,
      }),
    );
    await Promise.all(
      slots.map(async (slot) => {
        slot.read = await this.#read(slot.place, 0, slot.skipped);
      }),
    );
    const taken = new Set<string>();
    for (const slot of slots) {
      if (slot.read !== undefined) continue;
      const { source } = place;
      const free = place.standIns('row').filter((number) => !taken.has(keyOf({ source, number })));
      const read = await this.#standIn(slot, free);
      if (read !== undefined) taken.add(read.key);
    }
    return slots;
  }

  /**
   * Fills what the rows of a whole batch could not: by samples that are not in it, or where none is left by
   * those that are.
   */
  async #fillRows(rows: readonly Row[]): Promise<void> {
    const slots = rows.flat();
    const inBatch = new Set(slots.flatMap(({ read }) => (read === undefined ? [] : [read.key])));
    for (const slot of slots) {
      if (slot.read !== undefined) continue;
      const { source, standIns } = slot.place;
      const isIn = (number: number): boolean => inBatch.has(keyOf({ source, number }));
      const others = standIns('others');
      const found = await this.#standIn(slot, [
        ...others.filter((number) => !isIn(number)),
        ...others.filter(isIn),
      ]);
      if (found === undefined) {
        throw new LacunaError({
          what: 'no video of the list can be read',
          got: slot.skipped[0]?.reason ?? '',
          fix: 'Check the data folder and the list.',
        });
      }
      inBatch.add(found.key);
    }
  }

  /** Puts the first of these samples that can be read into a slot. */
  async #standIn(slot: Slot, numbers: readonly number[]): Promise<ReadSample | undefined> {
    const { source, epoch, repeat } = slot.place;
    for (const number of numbers) {
      const place = { source, epoch, number, repeat };
      slot.read = await this.#read(place, Math.min(slot.tried++, 0xffff), slot.skipped);
      if (slot.read !== undefined) return slot.read;
    }
    return undefined;
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
        ? await this.#decoding.decode({ root, ...placeOf(record), address, repeat })
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

/** An augmentation of a place's sample, and what was read for it. */
interface Slot {
  readonly place: RepeatedPlace;
  readonly skipped: SkippedSample[];
  /** Samples that were tried for it. */
  tried: number;
  read: ReadSample | undefined;
}

/** The augmentations of one place. */
type Row = readonly Slot[];

interface MadeBatch {
  readonly batch: ClipBatch;
  readonly decodedFrames: number;
}
