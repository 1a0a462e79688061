import { z } from 'zod';
import { BERT_HF, DISTILBERT_HF } from '../../../spec/index.js';
import type { RunSettings } from '../../settings/config.js';
import { demandsOf } from '../demands.js';
import { type Architecture, withoutPrefix } from './architecture.js';
import {
  activationName,
  activationOf,
  blockFields,
  depth,
  eps,
  parseFields,
  size,
  type TextFacts,
} from './config-fields.js';

const BERT = z
  .looseObject({
    vocab_size: size,
    hidden_size: size,
    num_hidden_layers: depth,
    num_attention_heads: size,
    intermediate_size: size,
    max_position_embeddings: size,
    type_vocab_size: size.default(2),
    hidden_act: activationName.default('gelu'),
    layer_norm_eps: eps.default(1e-12),
    position_embedding_type: z.literal('absolute').default('absolute'),
    is_decoder: z.literal(false).default(false),
  })
  .transform((config) => ({
    width: config.hidden_size,
    depth: config.num_hidden_layers,
    heads: config.num_attention_heads,
    hidden: config.intermediate_size,
    length: config.max_position_embeddings,
    segments: config.type_vocab_size,
    normEps: config.layer_norm_eps,
    activation: config.hidden_act,
  }));

const DISTILBERT = z
  .looseObject({
    vocab_size: size,
    dim: size,
    n_layers: depth,
    n_heads: size,
    hidden_dim: size,
    max_position_embeddings: size,
    activation: activationName.default('gelu'),
  })
  .transform((config) => ({
    width: config.dim,
    depth: config.n_layers,
    heads: config.n_heads,
    hidden: config.hidden_dim,
    length: config.max_position_embeddings,
    segments: 0,
    // DistilBERT's code has it, not its configuration.
    normEps: 1e-12,
    activation: config.activation,
  }));

/** BERT and DistilBERT: norms after, an embedding norm, the first token. */
export function bertArchitecture(
  kind: 'bert' | 'distilbert',
  config: unknown,
  file: string,
): Architecture {
  const fields =
    kind === 'bert' ? parseFields(BERT, config, file) : parseFields(DISTILBERT, config, file);
  const { hidden, activation, ...sizes } = fields;
  return {
    model: kind === 'bert' ? 'BERT' : 'DistilBERT',
    towers: {
      text: {
        demands: demandsOf('text', {
          ...sizes,
          mlpRatio: hidden / sizes.width,
          activation: activationOf(activation, file),
          keyBias: true,
          attention: 'full',
          pool: 'first',
          norms: 'after',
          embeddingNorm: true,
        }),
        layout: kind === 'bert' ? BERT_HF : DISTILBERT_HF,
        owns: /./,
        parts: {},
        zero: [],
        anew: [],
      },
    },
    together: [],
    // The first checkpoints called a norm's weight gamma and its bias beta.
    names: (names) =>
      new Map(
        [...withoutPrefix(names, ['bert.', 'distilbert.'])].map(([name, file]) => [
          name.replace(/\.gamma$/, '.weight').replace(/\.beta$/, '.bias'),
          file,
        ]),
      ),
    leftOut: [/^pooler\./, /^embeddings\.position_ids$/],
    notes: [],
  };
}

/** The configuration that `bertArchitecture` reads these settings from. */
export function bertConfig(
  kind: 'bert' | 'distilbert',
  { text }: RunSettings,
  { vocabulary, pad }: TextFacts,
): object {
  const common = {
    model_type: kind,
    vocab_size: vocabulary,
    max_position_embeddings: text.length,
    pad_token_id: pad,
    initializer_range: 0.02,
  };
  const blocks = blockFields(text);
  if (kind === 'bert') {
    return {
      ...common,
      ...blocks,
      // Without segments nothing is written: the table has a row or more there.
      type_vocab_size: Math.max(1, text.segments ?? 0),
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
    };
  }
  return {
    ...common,
    dim: blocks.hidden_size,
    n_layers: blocks.num_hidden_layers,
    n_heads: blocks.num_attention_heads,
    hidden_dim: blocks.intermediate_size,
    activation: blocks.hidden_act,
    dropout: 0,
    attention_dropout: 0,
    sinusoidal_pos_embds: false,
  };
}
