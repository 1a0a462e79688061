import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import {
  clipSimilarity,
  dataRootOf,
  type SimilarityEntry,
  SimilarityStore,
} from '../../data/index.js';
import type { SimilaritySource } from '../../run/masked-clip/masked-clip.js';
import { LacunaError } from '../../spec/index.js';
import { makeSimilarityMaps, similarityRecipe } from '../../teacher/index.js';
import { openAligner } from '../open-aligner.js';

/** Where a text-guided mask has its map from. */
export interface SimilarityFlags {
  readonly caption?: string;
  /** A store of `lacuna similarity`, in which the video is looked up by its id. */
  readonly maps?: string;
  /** A teacher that makes the maps of this video now. */
  readonly teacher?: string;
}

/**
 * The map of a clip by what a person gave: a caption, with a store or a teacher. Undefined where they
 * gave none of them.
 *
 * @throws LacunaError where something is missing, or the store has no maps of the video.
 */
export function similaritySource(
  video: string,
  id: string,
  { caption, maps, teacher }: SimilarityFlags,
): SimilaritySource | undefined {
  if (caption === undefined && maps === undefined && teacher === undefined) return undefined;
  if (caption === undefined || (maps === undefined) === (teacher === undefined)) {
    throw new LacunaError({
      where: 'lacuna mask show',
      what: 'a text-guided mask needs a caption, and either stored maps or a teacher',
      got: Object.keys({ caption, maps, teacher })
        .filter((name) => ({ caption, maps, teacher })[name as keyof SimilarityFlags] !== undefined)
        .map((name) => `--${name}`)
        .join(' and '),
      fix: 'Give --caption with --teacher <folder>, or --caption with --maps <folder>.',
    });
  }
  return async (clip) => {
    const entry =
      maps === undefined ? await made(video, caption, teacher as string) : await stored(maps, id);
    return clipSimilarity(entry, caption, clip, clip.grid);
  };
}

async function stored(folder: string, id: string): Promise<SimilarityEntry> {
  const entry = await (await SimilarityStore.open(folder)).read(id);
  if (entry !== undefined) return entry;
  throw new LacunaError({
    where: folder,
    what: 'these maps have none of this video',
    got: id,
    fix: 'Give --id as the list names the video.',
  });
}

/** Makes maps of one video, in a store that is thrown away. */
async function made(video: string, caption: string, teacher: string): Promise<SimilarityEntry> {
  const note = (text: string): void => console.error(text);
  const aligner = await openAligner(teacher, { onNote: note });
  const folder = await mkdtemp(join(tmpdir(), 'lacuna-maps-'));
  try {
    const recipe = similarityRecipe(aligner, { form: 'dense' });
    const store = await SimilarityStore.create(folder, recipe);
    const record = { id: video, video: basename(video), captions: [caption] };
    const { problems } = await makeSimilarityMaps({
      records: [record],
      root: dataRootOf(dirname(video), true),
      aligner,
      store,
    });
    const [problem] = problems;
    if (problem !== undefined) throw new LacunaError({ where: video, what: problem.reason });
    return (await store.read(record.video)) as SimilarityEntry;
  } finally {
    await aligner.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}
