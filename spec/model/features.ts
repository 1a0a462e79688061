import { iota } from '../program/index.js';
import { clipTokens, patchify, type VideoConfig } from './patches.js';
import { pool } from './projection.js';
import { type Model, ModelBuilder } from './state.js';
import { patchTokens, type VideoEncoderConfig, videoEncoder } from './video-encoder.js';

/** The mean of the tokens, or all of them. */
export type FeaturePooling = 'mean' | 'none';

/**
 * Frozen features, before any projection: `frames` u8 [B, T, H, W, 3] to `embedding` f32, the encoder's
 * tokens (without a class token) with nothing masked: their mean [B, D], which a linear probe reads, or
 * all of them [B, K, D], which an attentive one does.
 */
export function videoFeatureModel(
  config: { readonly video: VideoConfig; readonly encoder: VideoEncoderConfig },
  { batch, pooling = 'mean' }: { readonly batch: number; readonly pooling?: FeaturePooling },
): Model {
  const { video, encoder } = config;
  const model = new ModelBuilder('video_features');
  const { program } = model;
  const size = [batch, video.frames, video.size, video.size, 3];
  const frames = program.input('frames', 'u8', size, 'data');
  const cubes = model.scope('cubes', () => patchify(frames, video));
  const visible = iota(program, [batch, clipTokens(video)], 1);
  const encoded = videoEncoder(model, cubes, visible, video, encoder);
  const tokens = patchTokens(encoded, encoder);
  program.output('embedding', pooling === 'mean' ? pool(tokens, 'mean') : tokens);
  return model.finish();
}
