import { entry, layer } from './entries.js';
import type { Layout, LayoutEntry } from './layout.js';

function block(ours: string, theirs: string): LayoutEntry[] {
  return [
    ...layer(`${ours}.norm1`, `${theirs}.norm1`),
    entry(`${ours}.attn.q.weight`, `${theirs}.attn.qkv.weight`, 'third.0'),
    entry(`${ours}.attn.k.weight`, `${theirs}.attn.qkv.weight`, 'third.1'),
    entry(`${ours}.attn.v.weight`, `${theirs}.attn.qkv.weight`, 'third.2'),
    entry(`${ours}.attn.q.bias`, `${theirs}.attn.q_bias`),
    entry(`${ours}.attn.v.bias`, `${theirs}.attn.v_bias`),
    ...layer(`${ours}.attn.proj`, `${theirs}.attn.proj`),
    ...layer(`${ours}.norm2`, `${theirs}.norm2`),
    ...layer(`${ours}.mlp.fc1`, `${theirs}.mlp.fc1`),
    ...layer(`${ours}.mlp.fc2`, `${theirs}.mlp.fc2`),
  ];
}

/** `PretrainVisionTransformer` of MCG-NJU/VideoMAE modeling_pretrain.py. */
export const VIDEOMAE_MCG: Layout = {
  name: 'mcg-nju-videomae',
  entries: [
    entry('encoder.patch.weight', 'encoder.patch_embed.proj.weight', 'conv3d'),
    entry('encoder.patch.bias', 'encoder.patch_embed.proj.bias'),
    ...block('encoder.{i}', 'encoder.blocks.{i}'),
    ...layer('encoder.norm', 'encoder.norm'),
    entry('decoder.embed.weight', 'encoder_to_decoder.weight'),
    entry('decoder.mask', 'mask_token', 'reshape', { leading: 2 }),
    ...block('decoder.{i}', 'decoder.blocks.{i}'),
    ...layer('decoder.norm', 'decoder.norm'),
    ...layer('decoder.head', 'decoder.head'),
  ],
  notes: [
    'There is no key bias: VideoMAE holds it at 0, and so do both layouts.',
    'Every norm has eps 1e-6.',
    'Position tables are not saved: both sides compute the sinusoid.',
  ],
};

/**
 * `VisionTransformer` of MCG-NJU/VideoMAE modeling_finetune.py with `use_mean_pooling`, of a classifier that has the
 * head `head` alone.
 *
 * @param head Its name, as in `ClassifierHead`.
 */
export function videoMaeClassifierMcg(head: string): Layout {
  return {
    name: 'mcg-nju-videomae-classifier',
    entries: [
      entry('encoder.patch.weight', 'patch_embed.proj.weight', 'conv3d'),
      entry('encoder.patch.bias', 'patch_embed.proj.bias'),
      ...block('encoder.{i}', 'blocks.{i}'),
      ...layer('classifier.norm', 'fc_norm'),
      ...layer(`classifier.head.${head}`, 'head'),
    ],
    notes: VIDEOMAE_MCG.notes,
  };
}
