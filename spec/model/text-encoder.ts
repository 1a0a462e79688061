import {
  add,
  cast,
  compare,
  constant,
  gather,
  iota,
  reshape,
  select,
  slice,
  sub,
  type Value,
} from '../program/index.js';
import { layerNormLayer } from './layers.js';
import type { Init, ModelBuilder } from './state.js';
import { NORM_EPS, type TransformerConfig, transformer } from './transformer.js';

export const TEXT_ATTENTIONS = ['full', 'causal'] as const;
export type TextAttention = (typeof TEXT_ATTENTIONS)[number];

export const TEXT_POOLINGS = ['first', 'last'] as const;
export type TextPooling = (typeof TEXT_POOLINGS)[number];

export interface TextEncoderConfig extends TransformerConfig {
  /** Number of token ids. */
  readonly vocabulary: number;
  /** L, tokens of a caption, padding included. */
  readonly length: number;
  /**
   * `causal`: a token sees itself and those before it (CLIP). `full`: every token sees all that are
   * no padding (BERT, MAC). @defaultValue 'full'
   */
  readonly attention?: TextAttention;
  /** Which token stands for the caption: the first, or the last that is no padding. @defaultValue 'first' */
  readonly pool?: TextPooling;
}

const TOKEN_INIT: Init = { kind: 'normal', std: 0.02 };
const POSITION_INIT: Init = { kind: 'normal', std: 0.01 };
/** Added to the score of a token that may not be seen; its probability is then exactly 0 in f32. */
const UNSEEN = -1e9;

/**
 * The text transformer: ids i32 [B, L] and lengths i32 [B] (tokens that are no padding, at least 1)
 * to one embedding a caption, [B, D]. Pre-norm blocks, learned positions, a final norm (CLIP).
 */
export function textEncoder(
  model: ModelBuilder,
  ids: Value,
  lengths: Value,
  config: TextEncoderConfig,
): Value {
  const [batch, length] = ids.shape as [number, number];
  const { vocabulary, width, attention = 'full', pool = 'first' } = config;
  return model.scope('text', () => {
    const table = model.parameter('tokens', [vocabulary, width], TOKEN_INIT);
    const positions = model.parameter('positions', [config.length, width], POSITION_INIT, {
      decay: false,
    });
    const embedded = add(gather(table, ids, 0), slice(positions, 0, 0, length));
    const bias = attention === 'causal' ? causalBias(ids) : paddingBias(ids, lengths);
    const encoded = transformer(model, embedded, config, bias);
    const index =
      pool === 'last'
        ? sub(lengths, constant(model.program, 1, { dtype: 'i32' }))
        : sub(lengths, lengths);
    const pooled = reshape(gather(encoded, reshape(index, [batch, 1]), 1), [batch, width]);
    return layerNormLayer(model, 'norm', pooled, config.normEps ?? NORM_EPS);
  });
}

/** [L, L]: a token does not see later ones. */
function causalBias(ids: Value): Value {
  const length = ids.shape[1] as number;
  const query = iota(ids.builder, [length, length], 0);
  const key = iota(ids.builder, [length, length], 1);
  return scores(compare(key, 'le', query));
}

/** [B, 1, 1, L]: nobody sees padding. */
function paddingBias(ids: Value, lengths: Value): Value {
  const [batch, length] = ids.shape as [number, number];
  const key = iota(ids.builder, [batch, 1, 1, length], 3);
  return scores(compare(key, 'lt', reshape(lengths, [batch, 1, 1, 1])));
}

function scores(seen: Value): Value {
  const { builder } = seen;
  return cast(select(seen, constant(builder, 0), constant(builder, UNSEEN)), builder.float);
}
