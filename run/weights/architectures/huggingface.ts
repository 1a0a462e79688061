import { LacunaError } from '../../../spec/index.js';
import type { Architecture } from './architecture.js';
import { bertArchitecture } from './bert.js';
import { clipArchitecture } from './clip.js';
import { videoMaeArchitecture } from './videomae.js';
import { vitArchitecture } from './vit.js';

type Reader = (config: unknown, file: string) => Architecture;

/** Every `model_type` of a config.json that can be taken. */
const MODEL_TYPES: Readonly<Record<string, Reader>> = {
  vit: (config, file) => vitArchitecture('vit', config, file),
  deit: (config, file) => vitArchitecture('deit', config, file),
  timesformer: (config, file) => vitArchitecture('timesformer', config, file),
  videomae: videoMaeArchitecture,
  clip: (config, file) => clipArchitecture('clip', config, file),
  clip_vision_model: (config, file) => clipArchitecture('clip_vision_model', config, file),
  clip_text_model: (config, file) => clipArchitecture('clip_text_model', config, file),
  bert: (config, file) => bertArchitecture('bert', config, file),
  distilbert: (config, file) => bertArchitecture('distilbert', config, file),
};

/**
 * What a config.json of Hugging Face says of its model.
 * @throws LacunaError for a model of another kind, and for a value that no such model has.
 */
export function huggingFaceArchitecture(
  config: Readonly<Record<string, unknown>>,
  file: string,
): Architecture {
  const { model_type: type } = config;
  const reader =
    typeof type === 'string' && Object.hasOwn(MODEL_TYPES, type) ? MODEL_TYPES[type] : undefined;
  if (reader !== undefined) return reader(config, file);
  throw new LacunaError({
    where: `${file}: model_type`,
    what: 'weights of this kind of model cannot be taken',
    got: JSON.stringify(type)?.slice(0, 80) ?? 'nothing',
    expected: Object.keys(MODEL_TYPES).join(', '),
  });
}
