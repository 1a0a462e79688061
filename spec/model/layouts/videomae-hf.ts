import { entry, layer } from './entries.js';
import type { Layout, LayoutEntry } from './layout.js';

function block(ours: string, theirs: string): LayoutEntry[] {
  return [
    ...layer(`${ours}.norm1`, `${theirs}.layernorm_before`),
    entry(`${ours}.attn.q.weight`, `${theirs}.attention.attention.query.weight`),
    entry(`${ours}.attn.q.bias`, `${theirs}.attention.attention.q_bias`),
    entry(`${ours}.attn.k.weight`, `${theirs}.attention.attention.key.weight`),
    entry(`${ours}.attn.v.weight`, `${theirs}.attention.attention.value.weight`),
    entry(`${ours}.attn.v.bias`, `${theirs}.attention.attention.v_bias`),
    ...layer(`${ours}.attn.proj`, `${theirs}.attention.output.dense`),
    ...layer(`${ours}.norm2`, `${theirs}.layernorm_after`),
    ...layer(`${ours}.mlp.fc1`, `${theirs}.intermediate.dense`),
    ...layer(`${ours}.mlp.fc2`, `${theirs}.output.dense`),
  ];
}

/** Hugging Face `VideoMAEForPreTraining`, as its checkpoints are saved. */
export const VIDEOMAE_HF: Layout = {
  name: 'huggingface-videomae',
  entries: [
    entry(
      'encoder.patch.weight',
      'videomae.embeddings.patch_embeddings.projection.weight',
      'conv3d',
    ),
    entry('encoder.patch.bias', 'videomae.embeddings.patch_embeddings.projection.bias'),
    ...block('encoder.{i}', 'videomae.encoder.layer.{i}'),
    ...layer('encoder.norm', 'videomae.layernorm'),
    entry('decoder.embed.weight', 'encoder_to_decoder.weight'),
    entry('decoder.mask', 'mask_token', 'reshape', { leading: 2 }),
    ...block('decoder.{i}', 'decoder.decoder_layers.{i}'),
    ...layer('decoder.norm', 'decoder.norm'),
    ...layer('decoder.head', 'decoder.head'),
  ],
  notes: [
    'There is no key bias: VideoMAE holds it at 0, and so do both layouts.',
    'use_mean_pooling must be false: with true the library has no encoder norm (finalNorm: false here).',
    'layer_norm_eps is 1e-12 by default there, in encoder and decoder blocks and the encoder norm; decoder.norm has 1e-5.',
    'Position tables are not saved: both sides compute the sinusoid.',
  ],
};

/**
 * Hugging Face `VideoMAEForVideoClassification` with `use_mean_pooling`, of a classifier that has the head `head` alone.
 *
 * @param head Its name, as in `ClassifierHead`.
 */
export function videoMaeClassifierHf(head: string): Layout {
  return {
    name: 'huggingface-videomae-classifier',
    entries: [
      ...VIDEOMAE_HF.entries,
      ...layer('classifier.norm', 'fc_norm'),
      ...layer(`classifier.head.${head}`, 'classifier'),
    ],
    notes: [
      'There is no key bias: VideoMAE holds it at 0, and so do both layouts.',
      'Position tables are not saved: both sides compute the sinusoid.',
    ],
  };
}
