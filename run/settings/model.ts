import { LacunaError } from '../../spec/errors.js';
import { maskCounts } from '../../spec/masking/draw-mask.js';
import { gridOf } from '../../spec/model/patches.js';
import {
  type ContrastiveObjective,
  type ModelConfig,
  pretrainingModel,
} from '../../spec/model/pretraining.js';
import type { StateSpec } from '../../spec/model/state.js';
import { capabilitiesOf } from './capabilities.js';
import { videoConfig } from './clip.js';
import type { RunSettings } from './config.js';
import { withTeacherWidth } from './contrastive.js';
import { requireMemory } from './memory.js';

/** The settings of a run whose teacher is open: the widths that follow from it are filled in. */
export function withTeacher(settings: RunSettings, width: number): RunSettings {
  return { ...settings, contrastive: withTeacherWidth(settings.contrastive, width) };
}

/** The part of the settings that the model's programs are built from. */
export function modelConfig(settings: RunSettings, vocabulary: number): ModelConfig {
  const { decoder, mae, contrastive } = settings;
  const { init: _, inflation: __, ...encoder } = settings.encoder;
  const { reconstructs, aligns } = capabilitiesOf(settings);
  return {
    video: videoConfig(settings),
    encoder,
    ...(reconstructs ? { mae: { ...mae, decoder } } : {}),
    ...(aligns ? { contrastive: { ...contrastive, text: textSide(settings, vocabulary) } } : {}),
  };
}

function textSide(
  { text: { vocabulary: _, init: __, ...text }, contrastive }: RunSettings,
  vocabulary: number,
): ContrastiveObjective['text'] {
  if (contrastive.teacher === undefined) return { ...text, vocabulary };
  if (contrastive.teacherWidth !== undefined)
    return { frozen: true, width: contrastive.teacherWidth };
  throw new LacunaError({
    where: 'contrastive.teacher',
    what: 'the width of the teacher is not known before it is opened',
    got: contrastive.teacher,
  });
}

/**
 * What a checkpoint holds of the model itself: parameters and statistics, without the optimiser.
 *
 * @throws LacunaError for a model or a batch that this machine cannot hold.
 */
export function modelState(settings: RunSettings, vocabulary: number): readonly StateSpec[] {
  const { visible } = maskCounts(settings.mask, gridOf(videoConfig(settings)));
  const shape = { batch: settings.batch, visible };
  const { state } = pretrainingModel(modelConfig(settings, vocabulary), shape);
  requireMemory(settings, state);
  return state;
}
