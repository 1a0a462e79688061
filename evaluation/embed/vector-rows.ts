import type { ClipRecord, DataRoot } from '../../data/index.js';
import type { TrainedModel } from '../../run/open-program.js';
import type { DataProblem } from '../../run/run-folder.js';
import { LacunaError } from '../../spec/index.js';
import { ALIGNED_VECTORS, type ClipVectors } from '../clip-vectors.js';
import { embedEach, type Kept } from '../embed-clips.js';
import { embedTexts } from '../embed-texts.js';
import type { EmbeddingRows } from '../embedding-cache.js';
import type { Watch } from '../evaluator.js';
import { requireSome } from '../extract-features.js';

/** What a vector, or a clip's tokens, is of. */
export interface VectorName {
  /** The clip's name in its list. */
  readonly id: string;
  readonly label?: string;
  /** Where the vector is of a caption: which, and what it says. */
  readonly caption?: { readonly number: number; readonly text: string };
}

/** Vectors in the order of a list, which are read one by one. */
export interface VectorRows {
  readonly names: readonly VectorName[];
  /** Of each: [D], or [K, D] of the tokens of a clip. */
  readonly shape: readonly number[];
  /** Clips that could not be used, or lack frames. */
  readonly problems: readonly DataProblem[];
  values(): AsyncIterable<Float32Array>;
}

export interface ClipRowsOptions {
  readonly vectors: ClipVectors;
  readonly windows: number;
  /** What a clip was made into lies there meanwhile: the memory is that of a batch. */
  readonly kept: Kept;
  readonly watch?: Watch;
}

/**
 * What the model makes of each clip that can be read, still pictures among them. It returns when all are
 * made, and kept.
 *
 * @throws LacunaError where no clip can be read.
 */
export async function clipRows(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  { vectors, windows, kept, watch = {} }: ClipRowsOptions,
): Promise<VectorRows> {
  const problems: DataProblem[] = [];
  const read = new Set<string>();
  const onProblem = (problem: DataProblem): void => {
    problems.push(problem);
    watch.onProblem?.(problem);
  };
  const options = { vectors, windows, kept, watch: { ...watch, onProblem } };
  let width = 0;
  const count = vectors.count(model.settings);
  const keys = await embedEach(model, records, root, options, ({ id }, row) => {
    read.add(id);
    width = row.length / count;
  });
  const whole = records.filter(({ id }) => read.has(id));
  requireSome(whole, root);
  const rowsOf = async ({ id }: ClipRecord): Promise<EmbeddingRows> => {
    const key = keys.get(id);
    const rows = key === undefined ? undefined : await kept.cache.read(key);
    if (rows !== undefined && rows.values.length === width * count) return rows;
    throw new LacunaError({
      where: id,
      what: 'what was made of this clip was removed from the cache meanwhile',
      fix: 'Begin again: what is still there is not computed again.',
    });
  };
  return {
    names: whole.map(({ id, label }) => ({ id, ...(label === undefined ? {} : { label }) })),
    shape: vectors.name === 'tokens' ? [count, width] : [width],
    problems,
    values: async function* () {
      for (const record of whole) yield (await rowsOf(record)).values;
    },
  };
}

/** Captions that are embedded together. */
const CHUNK = 4096;

/**
 * What the model makes of each caption of each clip, in their order: vectors of length 1 that are aligned
 * with those of clips. Captions are embedded as the vectors are read.
 *
 * @throws LacunaError where no clip has a caption.
 */
export async function captionRows(
  model: TrainedModel,
  records: readonly ClipRecord[],
  { kept, watch = {} }: { readonly kept?: Kept | undefined; readonly watch?: Watch },
): Promise<VectorRows> {
  const names = records.flatMap(({ id, label, captions }) =>
    captions.map((text, number): VectorName => {
      const own = { id, caption: { number, text } };
      return label === undefined ? own : { ...own, label };
    }),
  );
  const [first] = names;
  if (first === undefined) {
    throw new LacunaError({
      what: 'no clip of the list has a caption',
      got: `${records.length} clips`,
      fix: 'Give a list with captions, or embed the clips.',
    });
  }
  const embed = async (
    own: readonly VectorName[],
    start: number,
  ): Promise<readonly Float32Array[]> => {
    const texts = own.map(({ caption }) => caption?.text ?? '');
    const onProgress = (what: string, done: number): void =>
      watch.onProgress?.(what, start + done, names.length);
    const keeping = kept === undefined ? {} : { kept };
    return embedTexts(model, texts, { ...keeping, watch: { ...watch, onProgress } });
  };
  const [vector] = await embedTexts(model, [first.caption?.text ?? '']);
  return {
    names,
    shape: [vector?.length ?? 0],
    problems: [],
    values: async function* () {
      for (let start = 0; start < names.length; start += CHUNK) {
        yield* await embed(names.slice(start, start + CHUNK), start);
      }
    },
  };
}

/** Vectors that a list of clips can be made into, by name. */
export const VECTOR_KINDS = ['features', 'tokens', 'aligned', 'captions'] as const;
export type VectorKind = (typeof VECTOR_KINDS)[number];

/** For people: what the vectors of captions are. */
export const CAPTION_TITLE: string = ALIGNED_VECTORS.title;
