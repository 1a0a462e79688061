import { z } from 'zod';
import { VIDEOMAE_HF } from '../../../spec/index.js';
import type { HeadClasses } from '../../manifest.js';
import type { RunSettings } from '../../settings/config.js';
import { demandsOf } from '../demands.js';
import type { Architecture } from './architecture.js';
import {
  activationName,
  blockFields,
  blocksOf,
  depth,
  eps,
  IMAGE_TOWER,
  imageFields,
  parseFields,
  placesOf,
  size,
} from './config-fields.js';

const SCHEMA = z.looseObject({
  ...IMAGE_TOWER,
  tubelet_size: size,
  hidden_act: activationName.default('gelu'),
  layer_norm_eps: eps,
  qkv_bias: z.boolean().exactOptional(),
  qv_bias: z.boolean().default(true),
  use_mean_pooling: z.boolean().default(true),
  decoder_hidden_size: size,
  decoder_num_hidden_layers: depth,
  decoder_num_attention_heads: size,
  decoder_intermediate_size: size,
});

const PREFIX = 'videomae.';
const DECODER = /^(decoder\.|encoder_to_decoder\.|mask_token$)/;

/** PyTorch's LayerNorm, which `decoder.norm` is there whatever the config says. */
const DECODER_NORM_EPS = 1e-5;

export function videoMaeArchitecture(config: unknown, file: string): Architecture {
  const fields = parseFields(SCHEMA, config, file);
  const { decoder_hidden_size: decoderWidth } = fields;
  const blocks = { ...blocksOf(fields, file), keyBias: false };
  return {
    model: 'VideoMAE',
    towers: {
      video: {
        demands: [
          ...demandsOf('encoder', {
            ...blocks,
            positions: 'sinusoid',
            classToken: false,
            embeddingNorm: false,
            finalNorm: !fields.use_mean_pooling,
          }),
          ...demandsOf('clip', { patch: fields.patch_size, tubelet: fields.tubelet_size }),
          ...demandsOf(
            'decoder',
            {
              ...blocks,
              width: decoderWidth,
              depth: fields.decoder_num_hidden_layers,
              heads: fields.decoder_num_attention_heads,
              mlpRatio: fields.decoder_intermediate_size / decoderWidth,
              finalNormEps: DECODER_NORM_EPS,
            },
            false,
          ),
        ],
        layout: VIDEOMAE_HF,
        owns: /./,
        parts: { decoder: DECODER },
        zero: fields.qv_bias ? [] : [/^encoder\.\d+\.attn\.[qv]\.bias$/],
        anew: [/^encoder\.\d+\.(time|norm3)\./],
        grid: { ...placesOf(fields.image_size, fields.patch_size, file), first: 0 },
      },
    },
    together: [],
    names: (names) => {
      // VideoMAEModel, saved alone, has no prefix.
      const hasPrefix = names.some((name) => name.startsWith(PREFIX));
      const inside = names.filter(
        (name) => !hasPrefix || name.startsWith(PREFIX) || DECODER.test(name),
      );
      return new Map(inside.map((name) => [hasPrefix ? name : `${PREFIX}${name}`, name]));
    },
    leftOut: [/\.position_embeddings$/],
    notes: [],
  };
}

/** The configuration that `videoMaeArchitecture` reads these settings from. */
export function videoMaeConfig({ clip, encoder, decoder, mae }: RunSettings): object {
  const { target = 'per-cube-channel' } = mae;
  const inner = blockFields(decoder);
  return {
    model_type: 'videomae',
    ...imageFields(clip),
    num_frames: clip.frames,
    tubelet_size: clip.tubelet,
    ...blockFields(encoder),
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    initializer_range: 0.02,
    // Releases of transformers call it one or the other.
    qkv_bias: true,
    qv_bias: true,
    use_mean_pooling: !(encoder.finalNorm ?? true),
    decoder_hidden_size: inner.hidden_size,
    decoder_num_hidden_layers: inner.num_hidden_layers,
    decoder_num_attention_heads: inner.num_attention_heads,
    decoder_intermediate_size: inner.intermediate_size,
    norm_pix_loss: target === 'per-cube-channel',
  };
}

/** The same of a fine-tuned classifier: the mean of its tokens is pooled, and its classes have names. */
export function videoMaeClassifierConfig(
  settings: RunSettings,
  { heads = [] }: { readonly heads?: readonly HeadClasses[] },
): object {
  const names = heads[0]?.classes ?? [];
  return {
    ...videoMaeConfig(settings),
    use_mean_pooling: true,
    id2label: Object.fromEntries(names.map((name, index) => [index, name])),
    label2id: Object.fromEntries(names.map((name, index) => [name, index])),
    problem_type: 'single_label_classification',
  };
}
