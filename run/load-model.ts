import { join } from 'node:path';
import type { Backend } from '../core/backend.js';
import { createTokenizer, readTokenizer } from '../data/index.js';
import { LacunaError } from '../spec/index.js';
import { CheckpointReader, lastGoodCheckpoint } from './checkpoint.js';
import type { TrainedModel } from './open-program.js';
import { readManifest } from './run-folder.js';
import type { RunSettings } from './settings/config.js';
import { modelState } from './settings/settings.js';

/**
 * The model of a run's last good checkpoint.
 *
 * @param open Opens the backend that the run asks for; it is the caller's to dispose of.
 * @throws LacunaError for a folder without a run, or a run without a good checkpoint.
 */
export async function loadModel(
  folder: string,
  open: (settings: RunSettings) => Promise<Backend>,
  onNote: (text: string) => void,
): Promise<TrainedModel> {
  const { settings, vocabulary } = await readManifest(folder);
  const checkpoint = await lastGoodCheckpoint(join(folder, 'checkpoints'), onNote);
  if (checkpoint === undefined) {
    throw new LacunaError({
      where: folder,
      what: 'this run has no good checkpoint yet, so there is no model to look at',
      fix: `Let it train longer: lacuna pretrain --resume ${folder}`,
    });
  }
  const tokenizer =
    vocabulary === 0
      ? undefined
      : createTokenizer(await readTokenizer(join(folder, 'tokenizer.json')));
  const reader = await CheckpointReader.open(checkpoint);
  try {
    const state = await reader.readAll(modelState(settings, vocabulary));
    return { settings, backend: await open(settings), state, tokenizer };
  } finally {
    await reader.close();
  }
}
