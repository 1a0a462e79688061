import { sha256 } from '../../core/sha256.js';
import {
  type ClipList,
  createTokenizer,
  readTokenizer,
  type Tokenizer,
  tokenizerText,
  trainBpe,
  writeTokenizer,
} from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import type { Aligner } from '../aligner.js';
import { requireTeacherOf, requireTokenizer } from '../held-to-manifest.js';
import type { RunManifest } from '../manifest.js';
import type { RunFolder } from '../run-folder.js';
import { capabilitiesOf } from '../settings/capabilities.js';
import type { RunSettings } from '../settings/config.js';
import { withTeacher } from '../settings/settings.js';
import type { TextSide } from './batch-feeds.js';
import { CaptionEmbeddings, type EmbedCaptionsOptions } from './caption-embeddings.js';

/** The text side of a run that is about to begin. */
export interface RunText {
  /** The run's settings, with what follows from the teacher. */
  readonly settings: RunSettings;
  readonly side: TextSide;
  /** What the manifest says of it: see `RunManifest`. */
  readonly facts: Pick<RunManifest, 'teacher' | 'tokenizer'>;
  /** Writes what a resumed run reads into the folder. */
  save(folder: RunFolder): Promise<void>;
}

export interface RunTextOptions extends EmbedCaptionsOptions {
  /** Opens the teacher that `contrastive.teacher` names; asked for only where there is one. */
  readonly openTeacher?: ((folder: string) => Promise<Aligner>) | undefined;
  readonly onNote: (text: string) => void;
  /** What the teacher is asked for beside the captions of the list. @defaultValue nothing */
  readonly captions?: readonly string[];
}

/** Trains or reads the tokenizer, or has a frozen teacher embed every distinct caption. */
export async function beginText(
  settings: RunSettings,
  list: ClipList,
  options: RunTextOptions,
): Promise<RunText> {
  const { contrastive, data, text } = settings;
  if (!capabilitiesOf(settings).aligns) {
    return { settings, side: undefined, facts: {}, save: async () => {} };
  }
  if (contrastive.teacher !== undefined) {
    const { embeddings, teacher } = await askTeacher(contrastive.teacher, list, options);
    return {
      settings: withTeacher(settings, embeddings.width),
      side: embeddings,
      facts: { teacher },
      save: ({ captionEmbeddings }) => embeddings.save(captionEmbeddings),
    };
  }
  const definition =
    data.tokenizer === undefined
      ? trainBpe(captionsOf(list), { vocabSize: text.vocabulary })
      : await readTokenizer(data.tokenizer);
  return {
    settings,
    side: createTokenizer(definition),
    facts: { tokenizer: sha256(tokenizerText(definition)) },
    save: ({ path }) => writeTokenizer(path, definition),
  };
}

/**
 * The text side of a run that goes on. A teacher's embeddings come from the run folder; where the
 * file is lost or damaged the teacher is asked again, if it is still the same.
 *
 * @param settings The run's, with the paths of now.
 */
export async function resumeText(
  folder: RunFolder,
  settings: RunSettings,
  list: ClipList,
  options: RunTextOptions,
): Promise<TextSide> {
  const { teacher: known } = folder.manifest;
  const { teacher } = settings.contrastive;
  if (!capabilitiesOf(settings).aligns) return undefined;
  if (teacher === undefined) {
    await requireTokenizer(folder.tokenizer, folder.manifest);
    return createTokenizer(await readTokenizer(folder.tokenizer));
  }
  try {
    const asked = askedFor(list, options);
    const kept = await CaptionEmbeddings.open(folder.captionEmbeddings, asked);
    if (kept.teacher === known?.digest) return kept;
    options.onNote(`${folder.captionEmbeddings} is of another teacher: this one is asked again.`);
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    options.onNote(`${error.message} The teacher is asked again.`);
  }
  const again = await askTeacher(teacher, list, options);
  requireTeacherOf(folder.manifest, again.teacher);
  await again.embeddings.save(folder.captionEmbeddings);
  return again.embeddings;
}

/** Rows of the token table: 0 without a text encoder. */
export function vocabularyOf(side: TextSide): number {
  return tokenizerOf(side)?.vocabSize ?? 0;
}

/** The tokenizer of a run that has one. */
export function tokenizerOf(side: TextSide): Tokenizer | undefined {
  return side instanceof CaptionEmbeddings ? undefined : side;
}

async function askTeacher(
  folder: string,
  list: ClipList,
  options: RunTextOptions,
): Promise<{
  readonly embeddings: CaptionEmbeddings;
  readonly teacher: NonNullable<RunManifest['teacher']>;
}> {
  const { openTeacher } = options;
  if (openTeacher === undefined) {
    throw new LacunaError({
      where: 'contrastive.teacher',
      what: 'nobody here can open a teacher',
      got: folder,
      fix: 'Hand in openTeacher.',
    });
  }
  const aligner = await openTeacher(folder);
  try {
    const { name, digest } = aligner;
    const embeddings = await CaptionEmbeddings.make(aligner, askedFor(list, options), options);
    return { embeddings, teacher: { name, digest } };
  } finally {
    await aligner.dispose();
  }
}

function askedFor(list: ClipList, { captions = [] }: RunTextOptions): readonly string[] {
  return [...captionsOf(list), ...captions];
}

function captionsOf({ records }: ClipList): readonly string[] {
  return records.flatMap(({ captions }) => captions);
}
