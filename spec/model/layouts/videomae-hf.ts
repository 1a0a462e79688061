import type { Layout, LayoutEntry } from './layout.js';

const same = (ours: string, theirs: string): LayoutEntry => ({ ours, theirs, conversion: 'same' });

/** Weight and bias of one layer under both names. */
function layer(ours: string, theirs: string): LayoutEntry[] {
  return [same(`${ours}.weight`, `${theirs}.weight`), same(`${ours}.bias`, `${theirs}.bias`)];
}

function block(ours: string, theirs: string): LayoutEntry[] {
  return [
    ...layer(`${ours}.norm1`, `${theirs}.layernorm_before`),
    same(`${ours}.attn.q.weight`, `${theirs}.attention.attention.query.weight`),
    same(`${ours}.attn.q.bias`, `${theirs}.attention.attention.q_bias`),
    same(`${ours}.attn.k.weight`, `${theirs}.attention.attention.key.weight`),
    same(`${ours}.attn.v.weight`, `${theirs}.attention.attention.value.weight`),
    same(`${ours}.attn.v.bias`, `${theirs}.attention.attention.v_bias`),
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
    {
      ours: 'encoder.patch.weight',
      theirs: 'videomae.embeddings.patch_embeddings.projection.weight',
      conversion: 'conv3d',
    },
    same('encoder.patch.bias', 'videomae.embeddings.patch_embeddings.projection.bias'),
    ...block('encoder.{i}', 'videomae.encoder.layer.{i}'),
    ...layer('encoder.norm', 'videomae.layernorm'),
    same('decoder.embed.weight', 'encoder_to_decoder.weight'),
    { ours: 'decoder.mask', theirs: 'mask_token', conversion: 'reshape' },
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
