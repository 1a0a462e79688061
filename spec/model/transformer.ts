import { LacunaError } from '../errors.js';
import { add, attention, gelu, mergeHeads, splitHeads, type Value } from '../program/index.js';
import { layerNormLayer, linearLayer, quickGelu } from './layers.js';
import { type ModelBuilder, xavier } from './state.js';

export const ACTIVATIONS = ['gelu', 'quick-gelu'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

export interface TransformerConfig {
  /** D, the width of a token. */
  readonly width: number;
  /** The number of blocks. */
  readonly depth: number;
  /** H; D / H is the size of a head. */
  readonly heads: number;
  /** Hidden width of the MLP over D. @defaultValue 4 */
  readonly mlpRatio?: number;
  /** eps of the blocks' layer norms. @defaultValue 1e-6 (VideoMAE, MAE; CLIP has 1e-5, HF VideoMAE 1e-12) */
  readonly normEps?: number;
  /** @defaultValue 'gelu', exact; 'quick-gelu' as in CLIP */
  readonly activation?: Activation;
  /** Whether keys have a bias. @defaultValue false: VideoMAE's is the constant 0; CLIP has one */
  readonly keyBias?: boolean;
}

export const NORM_EPS = 1e-6;

/**
 * The blocks `0 .. depth - 1`, pre-norm: x += attention(norm1(x)); x += mlp(norm2(x)).
 * x is [B, T, D]; all tokens attend to all others, or as `bias`, added to the scores, permits.
 * Source: VideoMAE modeling_finetune.py `Block`.
 */
export function transformer(
  model: ModelBuilder,
  x: Value,
  config: TransformerConfig,
  bias?: Value,
): Value {
  if (config.width % config.heads !== 0) {
    throw new LacunaError({
      what: 'the width is no multiple of the heads',
      got: `width ${config.width}, ${config.heads} heads`,
    });
  }
  let tokens = x;
  for (let index = 0; index < config.depth; index++) {
    tokens = model.scope(String(index), () => block(model, tokens, config, bias));
  }
  return tokens;
}

function block(model: ModelBuilder, x: Value, config: TransformerConfig, bias?: Value): Value {
  const eps = config.normEps ?? NORM_EPS;
  const attended = add(
    x,
    selfAttention(model, layerNormLayer(model, 'norm1', x, eps), config, bias),
  );
  return add(attended, mlp(model, layerNormLayer(model, 'norm2', attended, eps), config));
}

function selfAttention(
  model: ModelBuilder,
  x: Value,
  { width, heads, keyBias = false }: TransformerConfig,
  bias?: Value,
): Value {
  return model.scope('attn', () => {
    // VideoMAE initialises one fused [3D, D] matrix, so each part has the bound of the whole.
    const init = xavier(width, 3 * width);
    const q = splitHeads(linearLayer(model, 'q', x, width, { init }), heads);
    const k = splitHeads(linearLayer(model, 'k', x, width, { init, bias: keyBias }), heads);
    const v = splitHeads(linearLayer(model, 'v', x, width, { init }), heads);
    const scale = 1 / Math.sqrt(width / heads);
    const mixed = attention(q, k, v, bias === undefined ? { scale } : { scale, bias });
    return linearLayer(model, 'proj', mergeHeads(mixed), width);
  });
}

function mlp(model: ModelBuilder, x: Value, config: TransformerConfig): Value {
  const { width, mlpRatio = 4, activation = 'gelu' } = config;
  return model.scope('mlp', () => {
    const hidden = linearLayer(model, 'fc1', x, Math.round(width * mlpRatio));
    const active = activation === 'gelu' ? gelu(hidden) : quickGelu(hidden);
    return linearLayer(model, 'fc2', active, width);
  });
}
