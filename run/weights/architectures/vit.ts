import { z } from 'zod';
import { TIMESFORMER_HF, VIT_HF } from '../../../spec/index.js';
import type { RunSettings } from '../../settings/config.js';
import { type Architecture, withoutPrefix } from './architecture.js';
import {
  activationName,
  blockFields,
  eps,
  IMAGE_TOWER,
  imageDemands,
  imageFields,
  parseFields,
  placesOf,
  size,
} from './config-fields.js';

const SCHEMA = z.looseObject({
  ...IMAGE_TOWER,
  hidden_act: activationName.default('gelu'),
  layer_norm_eps: eps,
  qkv_bias: z.boolean().default(true),
});
const TIMESFORMER = z.looseObject({
  num_frames: size,
  attention_type: z.enum(['divided_space_time', 'space_only', 'joint_space_time']),
});

const TIME = /^encoder\.layer\.\d+\.temporal_(layernorm|attention|dense)\./;

/** What a vision transformer's settings are: norms before, a class token, learned positions. */
export function vitArchitecture(
  kind: 'vit' | 'deit' | 'timesformer',
  config: unknown,
  file: string,
): Architecture {
  const fields = parseFields(SCHEMA, config, file);
  const video = kind === 'timesformer' ? parseFields(TIMESFORMER, config, file) : undefined;
  const { qkv_bias: hasBias } = fields;
  const first = kind === 'deit' ? 2 : 1;
  const slots =
    video === undefined || video.attention_type === 'space_only' ? {} : { slots: video.num_frames };
  return {
    model: { vit: 'ViT', deit: 'DeiT', timesformer: 'TimeSformer' }[kind],
    towers: {
      video: {
        demands: imageDemands(fields, file, { keyBias: hasBias, embeddingNorm: false }),
        layout: video === undefined ? VIT_HF : TIMESFORMER_HF,
        owns: /./,
        parts: {},
        zero: hasBias ? [] : [/^encoder\.\d+\.attn\.[qv]\.bias$/],
        anew: [
          /^encoder\.\d+\.(time|norm3)\./,
          ...('slots' in slots ? [] : [/^encoder\.positions\.slot$/]),
        ],
        grid: { ...placesOf(fields.image_size, fields.patch_size, file), first, ...slots },
      },
    },
    together: [],
    names: (names) => withoutPrefix(names, ['vit.', 'deit.', 'timesformer.']),
    leftOut: [
      /^pooler\./,
      /^embeddings\.mask_token$/,
      ...(kind === 'deit' ? [/^embeddings\.distillation_token$/] : []),
      ...(kind === 'timesformer' ? [TIME] : []),
      // Of a model that has no slots, a table of them says nothing.
      ...(video?.attention_type === 'space_only' ? [/^embeddings\.time_embeddings$/] : []),
    ],
    notes: [
      ...(kind === 'deit'
        ? ['There is no distillation token here: features are those of DeiT without it.']
        : []),
      ...(video?.attention_type === 'divided_space_time'
        ? [
            'Its attention over time is left out: features are not those of TimeSformer until it is trained.',
          ]
        : []),
    ],
  };
}

/** The configuration that `vitArchitecture` reads these settings from. */
export function vitConfig(kind: 'vit' | 'timesformer', { clip, encoder }: RunSettings): object {
  return {
    model_type: kind,
    ...imageFields(clip),
    ...blockFields(encoder),
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    initializer_range: 0.02,
    qkv_bias: encoder.keyBias ?? false,
    ...(kind === 'vit'
      ? {}
      : { num_frames: clip.frames, attention_type: 'joint_space_time', drop_path_rate: 0 }),
  };
}
