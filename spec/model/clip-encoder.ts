import { iota } from '../program/index.js';
import { clipTokens, patchify } from './patches.js';
import type { ModelConfig } from './pretraining.js';
import { videoFeatures } from './pretraining-pieces.js';
import { pool, projection } from './projection.js';
import { type Model, ModelBuilder } from './state.js';
import { patchTokens, videoEncoder } from './video-encoder.js';

/**
 * What a trained encoder gives of whole clips, to whoever uses it: `frames` u8 [B, T, H, W, 3], as they are
 * decoded, to `tokens` [B, N, D] (or [B, 1 + N, D], the class token first); `features` [B, D], their mean
 * without the class token, as `videoFeatureModel` has it; and of a model that aligns, `embedding`
 * [B, width] of length 1.
 */
export function clipEncoderModel(
  { video, encoder, ...config }: ModelConfig,
  { batch }: { readonly batch: number },
): Model {
  const model = new ModelBuilder('clip_encoder');
  const { program } = model;
  const size = [batch, video.frames, video.size, video.size, 3];
  const frames = program.input('frames', 'u8', size, 'data');
  const cubes = model.scope('cubes', () => patchify(frames, video));
  const visible = iota(program, [batch, clipTokens(video)], 1);
  const tokens = videoEncoder(model, cubes, visible, video, encoder);
  program.output('tokens', tokens);
  program.output('features', pool(patchTokens(tokens, encoder), 'mean'));
  const { contrastive } = config;
  if (contrastive !== undefined) {
    const pooled = videoFeatures(tokens, { video, encoder, ...config }, contrastive);
    const { videoProjection: head } = contrastive;
    program.output('embedding', projection(model, 'projection.video', pooled, head, 'evaluate'));
  }
  return model.finish();
}
