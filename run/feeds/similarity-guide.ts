import {
  type BatchSample,
  type ClipRecord,
  clipSimilarity,
  SimilarityStore,
  type VideoPath,
  videoBackend,
  videoBytes,
  videoInRoot,
} from '../../data/index.js';
import { gridOf, LacunaError, MASK_KINDS } from '../../spec/index.js';
import { dataRoot } from '../run-list.js';
import type { RunSettings } from '../settings/config.js';
import { videoConfig } from '../settings/settings.js';

/** Videos looked up at a time when a list is checked. */
const LOOKED_UP_AT_ONCE = 32;
/** Missing maps up to here are excused where the video itself cannot be opened. */
const MAX_OPENED = 100;

/** The similarity maps of a run's clips, out of the store that its settings name. */
export class SimilarityGuide {
  readonly #settings: RunSettings;
  readonly #store: SimilarityStore;

  private constructor(settings: RunSettings, store: SimilarityStore) {
    this.#settings = settings;
    this.#store = store;
  }

  /** What the store's maps depend on beside videos and captions: its teacher, form and options. */
  get digest(): string {
    return this.#store.digest;
  }

  /** @throws LacunaError where a run that goes on would get other maps than it began with. */
  requireSame(digest: string | undefined): void {
    if (digest === this.digest) return;
    throw new LacunaError({
      where: this.#store.folder,
      what: 'these are not the similarity maps that this run began with',
      got: `digest ${this.digest.slice(0, 12)}`,
      expected: String(digest?.slice(0, 12)),
      fix: 'Restore the folder, make the maps anew with the same teacher and options, or begin a new run.',
    });
  }

  /** Undefined for a run whose masks need no such map. @throws LacunaError without its store. */
  static async open(settings: RunSettings): Promise<SimilarityGuide | undefined> {
    const { similarity } = settings.data;
    if (MASK_KINDS[settings.mask.kind].map !== 'similarity' || similarity === undefined) return;
    return new SimilarityGuide(settings, await SimilarityStore.open(similarity));
  }

  /**
   * Looks up every clip of a list before a run begins, so that none is missed in the middle. A video
   * that cannot be opened needs no map: the loader passes it over as well.
   *
   * @throws LacunaError that counts and names what is missing, and says how to make it.
   */
  async check(records: readonly ClipRecord[]): Promise<void> {
    const problems: { readonly record: ClipRecord; readonly reason: string }[] = [];
    for (let start = 0; start < records.length; start += LOOKED_UP_AT_ONCE) {
      const some = records.slice(start, start + LOOKED_UP_AT_ONCE);
      const reasons = await Promise.all(some.map((record) => this.#problem(record)));
      some.forEach((record, i) => {
        const reason = reasons[i];
        if (reason !== undefined) problems.push({ record, reason });
      });
    }
    const real = problems.length > MAX_OPENED ? problems : await this.#withoutUnreadable(problems);
    if (real.length === 0) return;
    const shown = real.slice(0, 3).map(({ record, reason }) => `${record.id}: ${reason}`);
    const { list, root, followLinks } = this.#settings.data;
    const links = followLinks === true ? ' --follow-links' : '';
    const from = `${root === undefined ? '' : ` --root ${root}`}${links}`;
    throw new LacunaError({
      where: this.#store.folder,
      what: `the similarity maps of ${real.length} of ${records.length} clips cannot be used`,
      got: `${shown.join('; ')}${real.length > 3 ? ` and ${real.length - 3} more` : ''}`,
      fix: `Make what is missing, with the teacher and the options of this folder: lacuna similarity --data ${list}${from} --teacher <folder> --output ${this.#store.folder}`,
    });
  }

  /**
   * The map of an augmented clip and a caption, [slots, rows * columns].
   *
   * @throws LacunaError where the store has none, or a damaged one.
   */
  async map(
    video: string,
    caption: string,
    clip: Pick<BatchSample, 'frameIndices' | 'crop' | 'flip'>,
  ): Promise<Int16Array> {
    const entry = await this.#store.read(video);
    if (entry === undefined) {
      throw new LacunaError({
        where: this.#store.folder,
        what: `there are no similarity maps of ${video}`,
        fix: 'Make them with lacuna similarity.',
      });
    }
    const grid = gridOf(videoConfig(this.#settings));
    return clipSimilarity(entry, caption, clip, grid, this.#settings.mask.frames);
  }

  /** Whether there is a map of this video and caption, as far as its header says. */
  async has(video: string, caption: string): Promise<boolean> {
    const state = await this.#store.look(video);
    return state.kind === 'found' && state.header.captions.includes(caption);
  }

  async #problem(record: ClipRecord): Promise<string | undefined> {
    const { video, captions } = record;
    if (captions.length === 0) return 'the clip has no caption';
    const state = await this.#store.look(video);
    if (state.kind === 'missing') return 'there are none';
    if (state.kind === 'damaged') return `they are damaged, ${state.reason}`;
    const missing = captions.find((caption) => !state.header.captions.includes(caption));
    if (missing !== undefined) return `there is none of the caption "${missing}"`;
    const bytes = await this.#path(record).then(videoBytes, () => undefined);
    // A video that is gone is passed over by the loader.
    if (bytes === undefined || bytes === state.header.bytes) return undefined;
    return 'the video has changed since they were made';
  }

  async #withoutUnreadable<P extends { readonly record: ClipRecord }>(
    problems: readonly P[],
  ): Promise<readonly P[]> {
    if (problems.length === 0) return problems;
    const backend = await videoBackend('auto');
    const real: P[] = [];
    for (const problem of problems) {
      try {
        using _ = await backend.open(await this.#path(problem.record));
        real.push(problem);
      } catch (error) {
        if (!(error instanceof LacunaError)) throw error;
      }
    }
    return real;
  }

  #path(record: ClipRecord): Promise<VideoPath> {
    return videoInRoot(dataRoot(this.#settings), record);
  }
}
