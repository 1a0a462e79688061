import { LacunaError } from '../errors.js';
import type { ModelConfig } from './pretraining.js';
import { textFeatures } from './pretraining-pieces.js';
import { projection } from './projection.js';
import { type Model, ModelBuilder } from './state.js';

/**
 * What a trained text encoder gives of captions, to whoever uses it: `text.ids` i32 [B, L] and `text.lengths`
 * i32 [B], the tokens that are no padding, to `features` [B, D], its pooled token, and `embedding` [B, width] of
 * length 1, as `textEmbeddingModel` has it.
 */
export function captionEncoderModel(
  { contrastive }: ModelConfig,
  { batch }: { readonly batch: number },
): Model {
  if (contrastive === undefined || 'frozen' in contrastive.text)
    throw new LacunaError({ what: 'this model has no text encoder of its own' });
  const model = new ModelBuilder('caption_encoder');
  const features = textFeatures(model, { batch }, contrastive);
  const { textProjection: head } = contrastive;
  model.program.output('features', features);
  model.program.output(
    'embedding',
    projection(model, 'projection.text', features, head, 'evaluate'),
  );
  return model.finish();
}
