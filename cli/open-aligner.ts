import { readdir } from 'node:fs/promises';
import { LacunaError } from '../spec/index.js';
import { type Aligner, openTower } from '../teacher/index.js';
import { openRunAligner, type PretrainSettings } from '../training/index.js';
import { openBackend } from './open-backend.js';

export interface OpenAlignerOptions {
  /** The backend of a run's model. @defaultValue the one that it was trained on */
  readonly backend?: PretrainSettings['backend'];
  readonly onNote?: (text: string) => void;
}

/**
 * The teacher in a folder: the model of a run of Lacuna, or CLIP-style towers as ONNX files.
 *
 * @throws LacunaError for a folder that is neither, saying what is expected.
 */
export async function openAligner(
  folder: string,
  { backend, onNote }: OpenAlignerOptions = {},
): Promise<Aligner> {
  const names: string[] = await readdir(folder).catch((error: unknown): string[] => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new LacunaError({
      where: folder,
      what: "the teacher's folder cannot be read",
      got: code,
      expected: EXPECTED,
    });
  });
  if (names.includes('manifest.json')) {
    const open = (settings: PretrainSettings): ReturnType<typeof openBackend> =>
      openBackend(backend === undefined ? settings : { backend });
    return openRunAligner(folder, open, onNote === undefined ? {} : { onNote });
  }
  if (names.some((name) => TOWER_FILE.test(name))) return openTower(folder);
  throw new LacunaError({
    where: folder,
    what: 'this folder holds no teacher',
    got: names.length === 0 ? 'an empty folder' : names.slice(0, 5).join(', '),
    expected: EXPECTED,
    fix: 'Train one first, for example: lacuna pretrain --preset demo --data captions.jsonl --output runs/teacher',
  });
}

/** What a folder of towers has, whole or not: `openTower` says what it lacks. */
const TOWER_FILE = /^(onnx|config\.json|preprocessor_config\.json|.*\.onnx)$/;

const EXPECTED =
  'a run folder of lacuna pretrain with the objective contrastive or mae+contrastive, or a model ' +
  'folder in the Hugging Face layout: onnx/ with its files, config.json, preprocessor_config.json, tokenizer.json';
