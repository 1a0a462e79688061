import { add, broadcast, concat, gather, slice, type Value } from '../program/index.js';
import { layerNormLayer, linearLayer } from './layers.js';
import { clipTokens, cubeSize, type VideoConfig } from './patches.js';
import { type EmbeddingStart, embeddingInit, type ModelBuilder } from './state.js';
import { NORM_EPS, type TransformerConfig, transformer } from './transformer.js';
import { positionTable } from './video-encoder.js';

export interface DecoderConfig extends TransformerConfig {
  /** eps of the norm after the last block. @defaultValue 1e-6 (1e-5 in HF VideoMAE) */
  readonly finalNormEps?: number;
  /** How the embedding of encoded tokens starts. @defaultValue 'fan-in' (VideoMAE's encoder_to_decoder) */
  readonly embedStart?: EmbeddingStart;
}

/**
 * The asymmetric decoder: encoded visible tokens [B, K, D] to predictions [B, M, P] for the masked
 * ones. The sequence is [visible + positions ; mask token + positions], each part ascending, with
 * no unshuffle; the head sees the last M tokens. Source: VideoMAE modeling_pretrain.py.
 */
export function decoder(
  model: ModelBuilder,
  encoded: Value,
  visible: Value,
  masked: Value,
  video: VideoConfig,
  config: DecoderConfig,
): Value {
  const { width } = config;
  const [batch, hidden] = masked.shape as [number, number];
  return model.scope('decoder', () => {
    const inputs = encoded.shape.at(-1) as number;
    const { init } = embeddingInit(config.embedStart ?? 'fan-in', inputs, width);
    const projected = linearLayer(model, 'embed', encoded, width, { bias: false, init });
    const table = positionTable(model, clipTokens(video), width);
    const token = model.parameter('mask', [width], { kind: 'normal', std: 0.02, cut: 1 });
    const sequence = concat(
      [
        add(projected, gather(table, visible, 0)),
        add(broadcast(token, [batch, hidden, width]), gather(table, masked, 0)),
      ],
      1,
    );
    const decoded = transformer(model, sequence, config);
    const seen = visible.shape[1] as number;
    const predicting = slice(decoded, 1, seen, seen + hidden);
    const normed = layerNormLayer(model, 'norm', predicting, config.finalNormEps ?? NORM_EPS);
    return linearLayer(model, 'head', normed, cubeSize(video));
  });
}
