import type { Backend } from '../core/backend.js';
import { createTokenizer } from '../data/index.js';
import { CheckpointReader, noCheckpointYet } from './checkpoint.js';
import { runTokenizer } from './held-to-manifest.js';
import type { RunManifest } from './manifest.js';
import type { TrainedModel } from './open-program.js';
import { readManifest } from './run-folder.js';
import { type GivenPaths, placedSettings } from './run-paths.js';
import type { RunSettings } from './settings/config.js';
import { modelState } from './settings/settings.js';
import { newestStage } from './stages.js';

/** The model of a run, with what its manifest says. */
export interface LoadedModel extends TrainedModel {
  readonly manifest: RunManifest;
  /** Of the checkpoint. */
  readonly step: number;
}

/**
 * The model of a run's last good checkpoint. The paths of its settings are those of now; of a run of
 * stages, settings and manifest are those of the stage that the checkpoint is of.
 *
 * @param open Opens the backend that the run asks for; it is the caller's to dispose of.
 * @param given Where the run's data lie, where a person says so.
 * @throws LacunaError for a folder without a run, or a run without a good checkpoint.
 */
export async function loadModel(
  folder: string,
  open: (settings: RunSettings) => Promise<Backend>,
  onNote: (text: string) => void,
  given: GivenPaths = {},
): Promise<LoadedModel> {
  const written = await readManifest(folder);
  const { manifest, checkpoint } = await newestStage(folder, written, onNote);
  const settings = await placedSettings(folder, manifest, given);
  const { vocabulary } = manifest;
  const specs = modelState(settings, vocabulary);
  if (checkpoint === undefined) {
    throw noCheckpointYet(folder, 'there is no model to look at');
  }
  const definition = await runTokenizer(folder, manifest);
  const tokenizer = definition && createTokenizer(definition);
  const reader = await CheckpointReader.open(checkpoint);
  try {
    const state = await reader.readAll(specs);
    const { step } = checkpoint;
    return { settings, manifest, step, backend: await open(settings), state, tokenizer };
  } finally {
    await reader.close();
  }
}
