import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LacunaError } from '../spec/index.js';
import type { Aligner } from '../teacher/index.js';
import { openRunAligner } from '../training/index.js';
import { openBackend } from './open-backend.js';

/**
 * The teacher in a folder: the model of a finished run of Lacuna, or CLIP-style towers as ONNX files.
 *
 * @throws LacunaError for a folder that is neither, saying what is expected.
 */
export async function openTeacher(
  folder: string,
  onNote: (text: string) => void,
): Promise<Aligner> {
  const names: string[] = await readdir(folder).catch((error: unknown): string[] => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new LacunaError({
      where: folder,
      what: "the teacher's folder cannot be read",
      got: code,
    });
  });
  if (names.includes('checkpoints') || names.includes('manifest.json')) {
    return openRunAligner(folder, openBackend, { onNote });
  }
  if (await holdsTowers(folder, names)) return openTowers(folder);
  throw new LacunaError({
    where: folder,
    what: 'this folder holds no teacher',
    got: names.length === 0 ? 'an empty folder' : names.slice(0, 5).join(', '),
    expected:
      'a run folder of lacuna pretrain with the objective contrastive or mae+contrastive, or a model ' +
      'folder in the Hugging Face layout: onnx/*.onnx, tokenizer.json, preprocessor_config.json',
  });
}

async function holdsTowers(folder: string, names: readonly string[]): Promise<boolean> {
  if (names.some((name) => name.endsWith('.onnx'))) return true;
  return stat(join(folder, 'onnx')).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/** CLIP or SigLIP: the one place that knows how its towers are opened. */
function openTowers(folder: string): Promise<Aligner> {
  throw new LacunaError({ where: folder, what: 'towers in ONNX files cannot be opened yet' });
}
