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
import { NORM_EPS, type NormPlace, type TransformerConfig, transformer } from './transformer.js';

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
  /**
   * `before` (CLIP): blocks with norms before attention and MLP, and a norm at the end. `after` (BERT,
   * DistilBERT): norms after them, and none at the end. @defaultValue 'before'
   */
  readonly norms?: NormPlace;
  /** Whether a norm stands between the embeddings and the first block (BERT, DistilBERT). @defaultValue false */
  readonly embeddingNorm?: boolean;
  /**
   * Rows of a table of segments, whose first is added to every token, since a caption is one segment:
   * 2 in BERT. @defaultValue 0: there is none (DistilBERT, CLIP)
   */
  readonly segments?: number;
}

const TOKEN_INIT: Init = { kind: 'normal', std: 0.02 };
const POSITION_INIT: Init = { kind: 'normal', std: 0.01 };
/** Added to the score of a token that may not be seen; its probability is then exactly 0 in f32. */
const UNSEEN = -1e9;

/**
 * The text transformer: ids i32 [B, L] and lengths i32 [B] (tokens that are no padding, at least 1)
 * to one embedding a caption, [B, D], that of the pooled token. Embedding = tokens[id] +
 * positions[place] (+ segments[0]), then a norm or none; blocks as `transformer` has them; a final norm
 * where norms stand before. Parameters by their places in the program: `text.tokens` [V, D],
 * `text.segments` [S, D], `text.positions` [L, D], `text.embed.norm`, `text.0.norm1`, ..., `text.norm`.
 */
export function textEncoder(
  model: ModelBuilder,
  ids: Value,
  lengths: Value,
  config: TextEncoderConfig,
): Value {
  const [batch] = ids.shape as [number, number];
  const { width, attention = 'full', pool = 'first', norms = 'before' } = config;
  return model.scope('text', () => {
    const embedded = embeddings(model, ids, config);
    const bias = attention === 'causal' ? causalBias(ids) : paddingBias(ids, lengths);
    const encoded = transformer(model, embedded, config, { bias, norms });
    const index =
      pool === 'last'
        ? sub(lengths, constant(model.program, 1, { dtype: 'i32' }))
        : sub(lengths, lengths);
    const pooled = reshape(gather(encoded, reshape(index, [batch, 1]), 1), [batch, width]);
    if (norms === 'after') return pooled;
    return layerNormLayer(model, 'norm', pooled, config.normEps ?? NORM_EPS);
  });
}

/** What the first block sees, [B, L, D]. */
function embeddings(model: ModelBuilder, ids: Value, config: TextEncoderConfig): Value {
  const { vocabulary, width, segments = 0, embeddingNorm = false } = config;
  const table = model.parameter('tokens', [vocabulary, width], TOKEN_INIT);
  const positions = model.parameter('positions', [config.length, width], POSITION_INIT, {
    decay: false,
  });
  let embedded = add(gather(table, ids, 0), slice(positions, 0, 0, ids.shape[1] as number));
  if (segments > 0) {
    const first = slice(model.parameter('segments', [segments, width], TOKEN_INIT), 0, 0, 1);
    embedded = add(embedded, reshape(first, [width]));
  }
  if (!embeddingNorm) return embedded;
  return model.scope('embed', () =>
    layerNormLayer(model, 'norm', embedded, config.normEps ?? NORM_EPS),
  );
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
