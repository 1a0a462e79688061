import {
  add,
  attention,
  broadcast,
  mergeHeads,
  reshape,
  splitHeads,
  type Value,
} from '../program/index.js';
import { layerNormLayer, linearLayer } from './layers.js';
import type { Init, ModelBuilder } from './state.js';
import { mlp, residualStart, transformer } from './transformer.js';

/** How tokens become one vector: see `attentivePooling`. */
export interface AttentivePoolingConfig {
  /** H; the width of a token is a multiple of it. */
  readonly heads: number;
  /** Blocks, that of the query included. @defaultValue 4 (V-JEPA 2) */
  readonly blocks?: number;
}

/** Standard deviation that matrices and the query start with. */
const STD = 0.02;
/** PyTorch's LayerNorm. */
const NORM_EPS = 1e-5;

/**
 * Tokens x [B, K, D] to [B, D]: blocks of self-attention on all tokens, all but the last one, then one
 * learned query q [D] that looks at them:
 * a = q + attention(q W_q, norm1(x) W_k, norm1(x) W_v), without a projection behind it;
 * pooled = a + mlp(norm2(a)). W have biases; the MLP is 4 times as wide, with the exact GELU.
 *
 * Matrices start as Gaussians of deviation 0.02; those that end an addition have theirs divided by
 * sqrt(2 n) in block n, counted from 1; the last block counts as the one before it does.
 *
 * Source: V-JEPA 2 src/models/attentive_pooler.py `AttentivePooler` (4 blocks), `CrossAttentionBlock`.
 */
export function attentivePooling(
  model: ModelBuilder,
  x: Value,
  { heads, blocks = 4 }: AttentivePoolingConfig,
): Value {
  const [batch, , width] = x.shape as [number, number, number];
  const form = { width, heads, normEps: NORM_EPS, keyBias: true };
  const tokens = model.scope('blocks', () =>
    transformer(model, x, { ...form, depth: blocks - 1 }, { std: STD }),
  );
  const init: Init = { kind: 'normal', std: STD };
  const query = model.parameter('query', [1, 1, width], init);
  return model.scope('pool', () => {
    const norm = (name: string, y: Value): Value => layerNormLayer(model, name, y, NORM_EPS);
    const part = (name: string, y: Value): Value =>
      splitHeads(linearLayer(model, name, y, width, { init }), heads);
    const whole = broadcast(query, [batch, 1, width]);
    const seen = norm('norm1', tokens);
    const scale = 1 / Math.sqrt(width / heads);
    const read = attention(part('q', whole), part('k', seen), part('v', seen), { scale });
    const attended = add(whole, mergeHeads(read));
    const start = { fc1: init, fc2: residualStart(STD, Math.max(1, blocks - 1)) };
    const pooled = add(attended, mlp(model, norm('norm2', attended), form, start));
    return reshape(pooled, [batch, width]);
  });
}
