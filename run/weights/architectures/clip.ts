import { z } from 'zod';
import { CLIP_TEXT_HF, CLIP_VISION_HF } from '../../../spec/index.js';
import type { RunSettings } from '../../settings/config.js';
import { demandsOf } from '../demands.js';
import type { Architecture, Tower } from './architecture.js';
import {
  activationName,
  blockFields,
  blocksOf,
  depth,
  eps,
  IMAGE_TOWER,
  imageDemands,
  imageFields,
  parseFields,
  placesOf,
  size,
  type TextFacts,
} from './config-fields.js';

/** Hugging Face writes what differs from OpenAI's ViT-B/32, and not always more. */
const VISION = z.looseObject({
  ...IMAGE_TOWER,
  hidden_size: size.default(768),
  num_hidden_layers: depth.default(12),
  num_attention_heads: size.default(12),
  intermediate_size: size.default(3072),
  image_size: IMAGE_TOWER.image_size.default(224),
  patch_size: IMAGE_TOWER.patch_size.default(32),
  hidden_act: activationName.default('quick_gelu'),
  layer_norm_eps: eps.default(1e-5),
});
const TEXT = z.looseObject({
  vocab_size: size.default(49_408),
  hidden_size: size.default(512),
  num_hidden_layers: depth.default(12),
  num_attention_heads: size.default(8),
  intermediate_size: size.default(2048),
  max_position_embeddings: size.default(77),
  hidden_act: activationName.default('quick_gelu'),
  layer_norm_eps: eps.default(1e-5),
});
const BOTH = z.looseObject({
  projection_dim: size.default(512),
  vision_config: z.looseObject({}),
  text_config: z.looseObject({}),
});

export function clipArchitecture(
  kind: 'clip' | 'clip_vision_model' | 'clip_text_model',
  config: unknown,
  file: string,
): Architecture {
  const base = {
    model: 'CLIP',
    names: (names: readonly string[]) => new Map(names.map((name) => [name, name])),
    leftOut: [/^(text|vision)_model\.embeddings\.position_ids$/],
    notes: [],
  };
  if (kind === 'clip_vision_model') {
    return { ...base, towers: { video: visionTower(config, file) }, together: [] };
  }
  if (kind === 'clip_text_model') {
    return { ...base, towers: { text: textTower(config, file) }, together: [] };
  }
  const { projection_dim: width, vision_config, text_config } = parseFields(BOTH, config, file);
  const head = { kind: 'linear', width, bias: false };
  return {
    ...base,
    towers: { video: visionTower(vision_config, file), text: textTower(text_config, file) },
    together: [
      ...demandsOf('contrastive.videoProjection', head, false),
      ...demandsOf('contrastive.textProjection', head, false),
      { key: 'contrastive.temperature', value: { kind: 'learned' }, firm: false },
    ],
  };
}

function visionTower(config: unknown, file: string): Tower {
  const fields = parseFields(VISION, config, file);
  return {
    demands: imageDemands(fields, file, { keyBias: true, embeddingNorm: true }),
    layout: CLIP_VISION_HF,
    owns: /^(vision_model|visual_projection)\./,
    parts: { 'projection.video': /^visual_projection\./ },
    zero: [/^encoder\.patch\.bias$/],
    anew: [/^encoder\.\d+\.(time|norm3)\./, /^encoder\.positions\.slot$/],
    grid: { ...placesOf(fields.image_size, fields.patch_size, file), first: 1 },
  };
}

function textTower(config: unknown, file: string): Tower {
  const fields = parseFields(TEXT, config, file);
  return {
    demands: demandsOf('text', {
      ...blocksOf(fields, file),
      keyBias: true,
      attention: 'causal',
      pool: 'last',
      norms: 'before',
      embeddingNorm: false,
      segments: 0,
      length: fields.max_position_embeddings,
    }),
    layout: CLIP_TEXT_HF,
    owns: /^(text_model\.|text_projection\.|logit_scale$)/,
    parts: { 'projection.text': /^text_projection\./, temperature: /^logit_scale$/ },
    zero: [],
    anew: [],
  };
}

/** The configuration that `clipArchitecture` reads these settings from. */
export function clipConfig(settings: RunSettings, facts: TextFacts): object {
  return {
    model_type: 'clip',
    projection_dim: settings.contrastive.videoProjection.width,
    vision_config: clipVisionConfig(settings),
    text_config: clipTextConfig(settings, facts),
  };
}

export function clipVisionConfig({ clip, encoder, contrastive }: RunSettings): object {
  return {
    model_type: 'clip_vision_model',
    ...imageFields(clip),
    ...blockFields(encoder),
    attention_dropout: 0,
    projection_dim: contrastive.videoProjection.width,
  };
}

export function clipTextConfig({ text, contrastive }: RunSettings, facts: TextFacts): object {
  return {
    model_type: 'clip_text_model',
    ...blockFields(text),
    attention_dropout: 0,
    vocab_size: facts.vocabulary,
    max_position_embeddings: text.length,
    bos_token_id: facts.begin,
    eos_token_id: facts.end,
    pad_token_id: facts.pad,
    projection_dim: contrastive.textProjection.width,
  };
}
