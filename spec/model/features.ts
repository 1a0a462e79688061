import { iota } from '../program/index.js';
import { clipTokens, patchify, type VideoConfig } from './patches.js';
import { pool } from './projection.js';
import { type Model, ModelBuilder } from './state.js';
import { patchTokens, type VideoEncoderConfig, videoEncoder } from './video-encoder.js';

/**
 * Frozen features, before any projection: `frames` u8 [B, T, H, W, 3] to `embedding` f32 [B, D], the
 * mean of the encoder's tokens (without a class token) with nothing masked. What a linear probe reads.
 */
export function videoFeatureModel(
  config: { readonly video: VideoConfig; readonly encoder: VideoEncoderConfig },
  { batch }: { readonly batch: number },
): Model {
  const { video, encoder } = config;
  const model = new ModelBuilder('video_features');
  const { program } = model;
  const size = [batch, video.frames, video.size, video.size, 3];
  const frames = program.input('frames', 'u8', size, 'data');
  const cubes = model.scope('cubes', () => patchify(frames, video));
  const visible = iota(program, [batch, clipTokens(video)], 1);
  const encoded = videoEncoder(model, cubes, visible, video, encoder);
  program.output('embedding', pool(patchTokens(encoded, encoder), 'mean'));
  return model.finish();
}
