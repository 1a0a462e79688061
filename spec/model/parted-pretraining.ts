import type { FloatType, Value } from '../program/index.js';
import { type BatchShape, type ModelConfig, pretrainingModel } from './pretraining.js';
import {
  alignment,
  encodedVideo,
  type Features,
  reconstruction,
  textFeatures,
  videoFeatures,
} from './pretraining-pieces.js';
import { type Model, ModelBuilder, type StateSpec } from './state.js';

/**
 * A model in two: what each clip has of itself, and what it has of the others in its batch. The loss is
 * the sum of both parts' outputs `loss`; a part that adds nothing to it has none.
 */
export interface PartedModel {
  /**
   * Of b clips. Outputs: what the batch part reads of them, [b, ...], by the names of its inputs, and
   * losses that are means over the clips: those of equal parts of a batch average to that of the batch.
   */
  readonly clips: Model;
  /** Of the B clips of the global batch. */
  readonly batch?: Model;
  /** The state of both, in the order of the whole model. */
  readonly state: readonly StateSpec[];
}

/**
 * `pretrainingModel` in two. The clips' part has the encoders, the decoder and `loss.mae`; the batch's
 * part reads `video.features` [B, D] and `text.features` [B, D'] (or the frozen `text.embedding`) and has
 * the projections, batch norm's statistics over the global batch, and `loss.contrastive`.
 *
 * @param shape The global batch's.
 * @param part b, the clips of a part.
 */
export function partedPretrainingModel(
  config: ModelConfig,
  shape: BatchShape,
  part: number,
  float: FloatType = 'f32',
): PartedModel {
  const { mae, contrastive } = config;
  const { state } = pretrainingModel(config, shape, float);
  const own = { ...shape, batch: part };
  const model = new ModelBuilder('clips', float);
  const clips = encodedVideo(model, config, own);
  if (mae !== undefined)
    model.program.output('loss', reconstruction(model, clips, config, mae, own));
  if (contrastive === undefined) return { clips: model.finish(), state };
  const batch = new ModelBuilder('batch', float);
  const crossing = (name: string, value: Value): (() => Value) => {
    model.program.output(name, value);
    const type = [shape.batch, ...value.shape.slice(1)];
    return () => batch.program.input(name, value.dtype, type, 'data');
  };
  const features: Features = {
    video: crossing('video.features', videoFeatures(clips.encoded, config, contrastive)),
    text:
      'frozen' in contrastive.text
        ? () => textFeatures(batch, shape, contrastive)
        : crossing('text.features', textFeatures(model, own, contrastive)),
  };
  const [term] = alignment(batch, features, contrastive, shape);
  if (term !== undefined) batch.program.output('loss', term);
  return { clips: model.finish(), batch: batch.finish(), state };
}
