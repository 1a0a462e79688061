import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LacunaError } from '../spec/index.js';
import type { Aligner } from '../teacher/index.js';
import { openRunAligner, type PretrainSettings } from '../training/index.js';
import { openBackend } from './open-backend.js';

export interface OpenAlignerOptions {
  /** The backend of a run's model. @defaultValue the one that it was trained on */
  readonly backend?: PretrainSettings['backend'];
  readonly onNote?: (text: string) => void;
}

/**
 * Opens a frozen teacher: a run folder of Lacuna, or a folder with a CLIP or SigLIP as ONNX files.
 * @throws LacunaError that says what a folder needs where this one is neither.
 */
export async function openAligner(
  folder: string,
  { backend, onNote }: OpenAlignerOptions = {},
): Promise<Aligner> {
  if (await exists(join(folder, 'manifest.json'))) {
    const open = (settings: PretrainSettings): ReturnType<typeof openBackend> =>
      openBackend(backend === undefined ? settings : { backend });
    return openRunAligner(folder, open, onNote);
  }
  throw new LacunaError({
    where: folder,
    what: (await exists(folder))
      ? 'this folder holds no teacher'
      : 'there is no such folder, so there is no teacher',
    expected:
      'a run that learned to align video with text (objective contrastive or mae+contrastive)',
    fix: 'Train one first, for example: lacuna pretrain --preset demo --data captions.jsonl --output runs/teacher',
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
