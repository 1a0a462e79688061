import { z } from 'zod';
import { isTrackioProject } from '../../formats/trackio/inbox.js';
import { OBJECTIVES, PRESET_NAMES } from '../../spec/model/presets.js';
import { BACKEND_SCHEMA } from './backend.js';
import { CHECKPOINTS_SCHEMA } from './checkpoints.js';
import { CLIP_SCHEMA } from './clip.js';
import { PAIRINGS, type RunConfig } from './config.js';
import { CONTRASTIVE_SCHEMA } from './contrastive.js';
import { DATA_SCHEMA } from './data.js';
import { EVALUATION_SCHEMA } from './evaluation.js';
import { FINETUNING_SCHEMA } from './finetuning.js';
import { MAE_SCHEMA } from './mae.js';
import { MASK_SCHEMA, TEXT_MASK_SCHEMA } from './mask.js';
import { LOSS_SCALING_SCHEMA, OPTIMIZER_SCHEMA } from './optimizer.js';
import { SCHEDULE_SCHEMA } from './schedule.js';
import { path } from './section.js';
import { STAGES_SCHEMA } from './stages.js';
import { DECODER_SCHEMA, ENCODER_SCHEMA, TEXT_SCHEMA } from './towers.js';

/** The form of a configuration. `parseConfig` applies it with messages that help. */
export const CONFIG_SCHEMA: z.ZodType<RunConfig> = z.strictObject({
  preset: z.enum(PRESET_NAMES).exactOptional(),
  objective: z.enum(OBJECTIVES).exactOptional(),
  data: DATA_SCHEMA,
  output: path,
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).exactOptional(),
  clip: CLIP_SCHEMA.exactOptional(),
  encoder: ENCODER_SCHEMA.exactOptional(),
  decoder: DECODER_SCHEMA.exactOptional(),
  mae: MAE_SCHEMA.exactOptional(),
  text: TEXT_SCHEMA.exactOptional(),
  contrastive: CONTRASTIVE_SCHEMA.exactOptional(),
  mask: MASK_SCHEMA.exactOptional(),
  textMask: TEXT_MASK_SCHEMA.exactOptional(),
  pairing: z.enum(PAIRINGS).exactOptional(),
  batch: z.int().min(1).max(65_536).exactOptional(),
  microbatches: z.int().min(1).max(65_536).exactOptional(),
  recompute: z.boolean().exactOptional(),
  optimizer: OPTIMIZER_SCHEMA.exactOptional(),
  schedule: SCHEDULE_SCHEMA.exactOptional(),
  gradientNorm: z.boolean().exactOptional(),
  lossScaling: LOSS_SCALING_SCHEMA.exactOptional(),
  checkpoints: CHECKPOINTS_SCHEMA.exactOptional(),
  tensorboard: z.boolean().exactOptional(),
  ledger: z.boolean().exactOptional(),
  trackio: z
    .string()
    .refine(
      isTrackioProject,
      'not a name that Trackio gives a file of its own: letters, digits, - and _',
    )
    .exactOptional(),
  evaluation: EVALUATION_SCHEMA.exactOptional(),
  backend: BACKEND_SCHEMA.exactOptional(),
  finetuning: FINETUNING_SCHEMA.exactOptional(),
  stages: STAGES_SCHEMA.exactOptional(),
});

/** The JSON Schema (draft 2020-12) of a configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(CONFIG_SCHEMA), title: 'Lacuna pretraining configuration' };
}
