import {
  type ClipRecord,
  type DataRoot,
  DEFAULT_FRAME_STRIDE,
  type SimilarityEntry,
  type SimilarityRecipe,
  type SimilarityStore,
  storedFrames,
  type VideoBackend,
  type VideoPath,
  videoBackend,
  videoBytes,
  videoInRoot,
} from '../data/index.js';
import type { Aligner } from '../run/aligner.js';
import { LacunaError, quantizeSimilarity } from '../spec/index.js';
import {
  cutFrame,
  DEFAULT_CELLS,
  denseCut,
  type FrameCut,
  joinTiles,
  patchesCut,
} from './frame-cells.js';

/** What `similarityRecipe` asks of a person. */
export interface SimilarityOptions {
  readonly form: SimilarityRecipe['form'];
  /** Frames between two stored maps. @defaultValue `DEFAULT_FRAME_STRIDE` */
  readonly stride?: number;
  /** Cells along a frame's short side, form `patches` only. @defaultValue `DEFAULT_CELLS` */
  readonly cells?: number;
}

/** How the maps of a store are made with a teacher. @throws LacunaError for cells of form `dense`. */
export function similarityRecipe(aligner: Aligner, options: SimilarityOptions): SimilarityRecipe {
  const { form, stride = DEFAULT_FRAME_STRIDE, cells } = options;
  const { name, digest, size, patch } = aligner;
  if (form === 'dense' && cells !== undefined && cells !== size / patch) {
    throw new LacunaError({
      where: 'cells',
      what: "a dense map has the teacher's own patches for cells",
      got: String(cells),
      expected: `${size / patch}, or the form patches`,
    });
  }
  const count = form === 'dense' ? Math.floor(size / patch) : (cells ?? DEFAULT_CELLS);
  return { teacher: { name, digest }, form, stride, cells: count };
}

/** Where the making of maps stands. */
export interface SimilarityProgress {
  /** Videos that are done, passed over or already there. */
  readonly done: number;
  readonly total: number;
  /** Of them, those whose maps were there. */
  readonly reused: number;
  /** Images that the teacher has embedded, and the seconds since the first. */
  readonly images: number;
  readonly seconds: number;
  /** Seconds that are left at the pace so far, for the videos whose maps were not there. */
  readonly secondsLeft: number | undefined;
}

export interface SimilarityResult extends Omit<SimilarityProgress, 'secondsLeft'> {
  /** Videos whose maps were made now. */
  readonly made: number;
  /** Videos that could not be read, with the reason. */
  readonly problems: readonly { readonly id: string; readonly reason: string }[];
  /** False where the signal ended it early: calling again goes on. */
  readonly finished: boolean;
}

export interface SimilarityWork {
  readonly records: readonly ClipRecord[];
  /** The data folder. */
  readonly root: DataRoot;
  readonly aligner: Aligner;
  /** Made by `SimilarityStore.create` with the `similarityRecipe` of this teacher. */
  readonly store: SimilarityStore;
  /** Ends the work after the current images; videos that are done stay. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SimilarityProgress) => void;
  /** Told of each video that could not be read, and of each map that was damaged. */
  readonly onNote?: (sentence: string) => void;
}

/** Images that the teacher is given at a time. */
const IMAGES = 64;
/** Bytes of frames that are decoded at a time; one frame is decoded whatever its size. */
const FRAME_BYTES = 2 ** 26;

/**
 * Makes the similarity maps of all captions of all videos of a list that the store does not have:
 * those that are there, of a video file of the same length and whole, are kept; damaged ones are
 * made again.
 *
 * @throws LacunaError where another process adds to the store, and for a caption that the teacher does
 * not take; the maps made so far stay.
 */
export async function makeSimilarityMaps(work: SimilarityWork): Promise<SimilarityResult> {
  const lock = await work.store.lock();
  try {
    return await makeMissing(work);
  } finally {
    await lock.release();
  }
}

async function makeMissing(work: SimilarityWork): Promise<SimilarityResult> {
  const { records, signal, onNote = () => {} } = work;
  const backend = await videoBackend('auto');
  const problems: { id: string; reason: string }[] = [];
  const counts = { done: 0, total: records.length, reused: 0, images: 0 };
  let made = 0;
  /** Seconds of the videos before this one. */
  let earlier = 0;
  const report = (begin: number): void => {
    const seconds = earlier + (performance.now() - begin) / 1000;
    const worked = made + problems.length;
    const left = counts.total - counts.done;
    const secondsLeft = worked === 0 ? undefined : (left * earlier) / worked;
    work.onProgress?.({ ...counts, seconds, secondsLeft });
  };
  for (const record of records) {
    if (signal?.aborted === true) break;
    const begin = performance.now();
    const maker = new EntryMaker(work, backend, (images) => {
      counts.images += images;
      report(begin);
    });
    try {
      const outcome = await maker.make(record, onNote);
      if (outcome === 'stopped') break;
      if (outcome === 'reused') counts.reused++;
      else made++;
    } catch (error) {
      // A caption that does not fit is the list's mistake, not the video's.
      if (!(error instanceof UnreadableVideo)) throw error;
      problems.push({ id: record.id, reason: error.message });
      onNote(`${record.id} is passed over: ${error.message}`);
    } finally {
      earlier += (performance.now() - begin) / 1000;
    }
    counts.done++;
    report(performance.now());
  }
  return { ...counts, seconds: earlier, made, problems, finished: counts.done === counts.total };
}

/** A video that cannot be read: it is passed over. */
class UnreadableVideo extends Error {}

/** Makes the entry of one video at a time. */
class EntryMaker {
  readonly #work: SimilarityWork;
  readonly #backend: VideoBackend;
  readonly #count: (images: number) => void;

  constructor(work: SimilarityWork, backend: VideoBackend, count: (images: number) => void) {
    this.#work = work;
    this.#backend = backend;
    this.#count = count;
  }

  async make(
    record: ClipRecord,
    onNote: (sentence: string) => void,
  ): Promise<'made' | 'reused' | 'stopped'> {
    const { root, store } = this.#work;
    const { video, captions: asked } = record;
    const path = await readable(() => videoInRoot(root, record));
    const bytes = await readable(() => videoBytes(path));
    const captions = [...new Set(asked)];
    const found = await this.#found(video, onNote);
    const kept = found?.bytes === bytes ? found : undefined;
    const missing = captions.filter((caption) => kept?.captions.includes(caption) !== true);
    if (missing.length === 0) return 'reused';
    const fresh = await this.#maps(path, video, missing, onNote);
    if (fresh === undefined) return 'stopped';
    const sameFrames = kept !== undefined && kept.frameCount === fresh.frameCount;
    const all = sameFrames
      ? { captions: [...kept.captions, ...missing], maps: joined(kept.maps, fresh.maps) }
      : { captions: missing, maps: fresh.maps };
    await store.write({ ...fresh, video, bytes, stride: store.recipe.stride, ...all });
    return 'made';
  }

  async #found(
    video: string,
    onNote: (sentence: string) => void,
  ): Promise<SimilarityEntry | undefined> {
    try {
      return await this.#work.store.read(video);
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      onNote(`The maps of ${video} are damaged (${error.facts.got}); they are made again.`);
      return undefined;
    }
  }

  /** The maps of some captions over the stored frames, or undefined where the signal came. */
  async #maps(
    path: VideoPath,
    video: string,
    captions: readonly string[],
    onNote: (sentence: string) => void,
  ): Promise<FrameMaps | undefined> {
    const { aligner, store, signal } = this.#work;
    const { stride, form, cells } = store.recipe;
    const texts = await aligner.embedTexts(captions);
    using reader = await readable(() => this.#backend.open(path));
    const { width, height, frameCount } = reader.info;
    const cut = (form === 'dense' ? denseCut : patchesCut)({ width, height }, cells);
    const { rows, columns } = cut;
    const indices = storedFrames(frameCount, stride);
    const perCaption = indices.length * rows * columns;
    const maps = new Int16Array(captions.length * perCaption);
    const frameBytes = width * height * 3;
    const chunk = Math.max(1, Math.floor(FRAME_BYTES / frameBytes));
    for (let start = 0; start < indices.length; start += chunk) {
      const some = indices.slice(start, start + chunk);
      const size = { width, height };
      const { data, indices: read } = await readable(() =>
        reader.read({ indices: some, crop: { x: 0, y: 0, ...size }, size, flip: false }),
      );
      const missing = some.filter((frame, i) => frame !== read[i]).length;
      if (missing > 0)
        onNote(`${missing} frames of ${video} do not decode cleanly; earlier ones stand for them.`);
      // The teacher is given images of several frames at once: most of its cost is in each call.
      const together = Math.max(1, Math.floor(IMAGES / (cut.across * cut.down)));
      for (let first = 0; first < some.length; first += together) {
        if (signal?.aborted === true) return undefined;
        const frames = Math.min(together, some.length - first);
        const images = Buffer.concat(
          Array.from({ length: frames }, (_, i) => {
            const frame = data.subarray((first + i) * frameBytes, (first + i + 1) * frameBytes);
            return cutFrame(frame, size, cut, aligner.size);
          }),
        );
        const cosines = await this.#cosines(images, frames, texts, cut);
        const at = (start + first) * rows * columns;
        cosines.forEach((map, caption) => {
          maps.set(quantizeSimilarity(map), caption * perCaption + at);
        });
      }
    }
    return { width, height, frameCount, rows, columns, maps };
  }

  /** Of each text the maps [frames, rows, columns] of some frames' images. */
  async #cosines(
    images: Uint8Array,
    frames: number,
    texts: Float32Array,
    cut: FrameCut,
  ): Promise<readonly Float64Array[]> {
    const { aligner, store } = this.#work;
    const dense = store.recipe.form === 'dense';
    const count = frames * cut.across * cut.down;
    const bytes = images.length / count;
    const captions = texts.length / aligner.width;
    const cells = cut.rows * cut.columns;
    const maps = Array.from({ length: captions }, () => new Float64Array(frames * cells));
    for (let start = 0; start < count; start += IMAGES) {
      const some = Math.min(IMAGES, count - start);
      const batch = images.subarray(start * bytes, (start + some) * bytes);
      const rows = dense
        ? await aligner.embedPatches(batch, some)
        : await aligner.embedImages(batch, some);
      this.#count(some);
      const first = (start * frames * cells) / count;
      maps.forEach((map, caption) => {
        const text = texts.subarray(caption * aligner.width, (caption + 1) * aligner.width);
        for (let n = 0; n < rows.length / aligner.width; n++) {
          map[first + n] = dot(rows, n * aligner.width, text);
        }
      });
    }
    if (!dense) return maps;
    for (const map of maps) {
      for (let frame = 0; frame < frames; frame++) {
        const one = map.subarray(frame * cells, (frame + 1) * cells);
        one.set(joinTiles(one, cut));
      }
    }
    return maps;
  }
}

type FrameMaps = Pick<
  SimilarityEntry,
  'width' | 'height' | 'frameCount' | 'rows' | 'columns' | 'maps'
>;

/** What a video's own file makes fail. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new UnreadableVideo(error instanceof Error ? error.message : String(error));
  }
}

/** The cosine of a row of length 1 with a text of length 1. */
function dot(rows: Float32Array, start: number, text: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum += (rows[start + i] as number) * (text[i] as number);
  return sum;
}

function joined(a: Int16Array, b: Int16Array): Int16Array {
  const both = new Int16Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
