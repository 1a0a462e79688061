import { readdir } from 'node:fs/promises';
import type { Backend } from '../core/backend.js';
import type { Aligner } from '../run/aligner.js';
import type { RunSettings } from '../run/settings/config.js';
import { LacunaError } from '../spec/index.js';
import { openRunAligner } from './own-aligner.js';
import { openTower } from './tower/open-tower.js';

/**
 * The teacher in a folder: the model of a run of Lacuna, or CLIP-style towers as ONNX files.
 *
 * @param open Opens the backend of a run's model.
 * @throws LacunaError for a folder that is neither, saying what is expected.
 */
export async function openAlignerWith(
  folder: string,
  open: (settings: RunSettings) => Promise<Backend>,
  onNote?: (text: string) => void,
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
