import { join } from 'node:path';
import type { Backend, HostTensor, Named } from '../core/backend.js';
import {
  averageName,
  type ClassifierConfig,
  type ClassifierTraining,
  classifierLogits,
  LacunaError,
  type StateSpec,
} from '../spec/index.js';
import {
  type Checkpoint,
  CheckpointReader,
  lastGoodCheckpoint,
  noCheckpointYet,
} from './checkpoint.js';
import type { FinetuneManifest, HeadClasses } from './manifest.js';
import { readTaskManifest } from './run-folder.js';
import type { RunSettings } from './settings/config.js';
import type { FinetuningSettings } from './settings/finetuning.js';
import { requireMemory } from './settings/memory.js';
import { videoConfig } from './settings/settings.js';

/** A classifier with what it takes to run it. */
export interface TrainedClassifier {
  readonly settings: RunSettings;
  readonly heads: readonly HeadClasses[];
  readonly backend: Backend;
  /** Parameters by name: the moving averages, where the run keeps them. */
  readonly state: Named<HostTensor>;
}

/** The section `finetuning` of settings that have one. @throws LacunaError where they have none. */
export function finetuningOf({ finetuning }: RunSettings): FinetuningSettings {
  if (finetuning !== undefined) return finetuning;
  throw new LacunaError({
    where: 'finetuning',
    what: 'these settings are of a run that is pretrained, not fine-tuned',
    fix: 'Begin it with: lacuna finetune',
  });
}

/** The part of the settings that the classifier's programs are built from. */
export function classifierConfig(
  settings: RunSettings,
  heads: readonly HeadClasses[],
): ClassifierConfig {
  const { init: _, inflation: __, ...encoder } = settings.encoder;
  return {
    video: videoConfig(settings),
    encoder,
    heads: heads.map(({ name, classes }) => ({ name, classes: classes.length })),
    headScale: finetuningOf(settings).headScale,
  };
}

/** What is done to the classifier while it is trained. */
export function classifierTraining(settings: RunSettings): ClassifierTraining {
  const { smoothing, mixup, cutmix, mixProbability, dropPath, dropout } = finetuningOf(settings);
  const mixes = mixProbability > 0 && (mixup > 0 || cutmix > 0);
  return { smoothing, mixes, dropPath, dropout };
}

/**
 * What a checkpoint holds of the classifier itself.
 * @throws LacunaError for a model or a batch that this machine cannot hold.
 */
export function classifierState(
  settings: RunSettings,
  heads: readonly HeadClasses[],
): readonly StateSpec[] {
  const { state } = classifierLogits(classifierConfig(settings, heads), { batch: 1 });
  requireMemory(settings, state);
  return state;
}

/** The parameters that a classifier is judged by, of a whole state: its averages, where there are some. */
export function judgedState(
  settings: RunSettings,
  heads: readonly HeadClasses[],
  state: Named<HostTensor>,
): Named<HostTensor> {
  const isAveraged = finetuningOf(settings).average > 0;
  const judged: Record<string, HostTensor> = {};
  for (const { name } of classifierState(settings, heads)) {
    const tensor = state[isAveraged ? averageName(name) : name];
    if (tensor === undefined)
      throw new LacunaError({ where: name, what: 'the state lacks this tensor' });
    judged[name] = tensor;
  }
  return judged;
}

/** The last good checkpoint of a fine-tuned run, and what is read of it to judge the classifier. */
export interface ClassifierCheckpoint {
  readonly checkpoint: Checkpoint | undefined;
  readonly state: readonly StateSpec[];
  /** What the checkpoint calls a tensor of the state: that of its average, where the run keeps one. */
  readonly nameOf: (name: string) => string;
}

export async function classifierCheckpoint(
  folder: string,
  { settings, heads }: FinetuneManifest,
  onNote: (text: string) => void,
): Promise<ClassifierCheckpoint> {
  const state = classifierState(settings, heads);
  const nameOf = finetuningOf(settings).average > 0 ? averageName : (name: string) => name;
  const named = state.map((spec) => ({ ...spec, name: nameOf(spec.name) }));
  const checkpoint = await lastGoodCheckpoint(join(folder, 'checkpoints'), onNote, named);
  return { checkpoint, state, nameOf };
}

/**
 * The classifier of a run's last good checkpoint.
 *
 * @param open Opens the backend that the run asks for; it is the caller's to dispose of.
 * @throws LacunaError for a folder without a fine-tuned run, or one without a good checkpoint.
 */
export async function loadClassifier(
  folder: string,
  open: (settings: RunSettings) => Promise<Backend>,
  onNote: (text: string) => void,
): Promise<TrainedClassifier & { readonly manifest: FinetuneManifest; readonly step: number }> {
  const manifest = await readTaskManifest(folder, 'finetune');
  const { settings, heads } = manifest;
  const opened = await classifierCheckpoint(folder, manifest, onNote);
  const { checkpoint } = opened;
  if (checkpoint === undefined) {
    throw noCheckpointYet(folder, 'there is no classifier to look at', 'finetune');
  }
  const reader = await CheckpointReader.open(checkpoint);
  try {
    const specs = opened.state.map((spec) => ({ ...spec, name: opened.nameOf(spec.name) }));
    const state = judgedState(settings, heads, await reader.readAll(specs));
    return {
      settings,
      heads,
      manifest,
      backend: await open(settings),
      state,
      step: checkpoint.step,
    };
  } finally {
    await reader.close();
  }
}
