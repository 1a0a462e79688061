import { entry, layer } from './entries.js';
import type { Layout, LayoutEntry } from './layout.js';

const BLOCK = 'encoder.layer.{i}';
const PATCH = 'embeddings.patch_embeddings.projection';
const POSITIONS = 'embeddings.position_embeddings';

/** Embeddings of `ViTModel` and of what is made like it. */
const EMBEDDINGS: readonly LayoutEntry[] = [
  entry('encoder.patch.weight', `${PATCH}.weight`, 'conv2d'),
  entry('encoder.patch.bias', `${PATCH}.bias`),
  entry('encoder.class', 'embeddings.cls_token', 'class', { plus: POSITIONS, leading: 2 }),
  entry('encoder.positions.place', POSITIONS, 'places', { leading: 1 }),
];

/** What stands in a block beside queries, keys and values. */
const BLOCK_ENTRIES: readonly LayoutEntry[] = [
  ...layer('encoder.{i}.norm1', `${BLOCK}.layernorm_before`),
  ...layer('encoder.{i}.attn.proj', `${BLOCK}.attention.output.dense`),
  ...layer('encoder.{i}.norm2', `${BLOCK}.layernorm_after`),
  ...layer('encoder.{i}.mlp.fc1', `${BLOCK}.intermediate.dense`),
  ...layer('encoder.{i}.mlp.fc2', `${BLOCK}.output.dense`),
];

/** Hugging Face `ViTModel` and `DeiTModel`: one image, so that slots begin at 0. */
export const VIT_HF: Layout = {
  name: 'huggingface-vit',
  entries: [
    ...EMBEDDINGS,
    ...layer('encoder.{i}.attn.q', `${BLOCK}.attention.attention.query`),
    ...layer('encoder.{i}.attn.k', `${BLOCK}.attention.attention.key`),
    ...layer('encoder.{i}.attn.v', `${BLOCK}.attention.attention.value`),
    ...BLOCK_ENTRIES,
    ...layer('encoder.norm', 'layernorm'),
  ],
  notes: [
    'Learned positions, a class token, key bias, eps 1e-12, exact GELU by default.',
    'The first row of the position table is that of the class token; in DeiT the second is that of the distillation token, which is left out.',
  ],
};

/** Hugging Face `TimesformerModel`: its attention over space, which is that of all tokens where it is joint. */
export const TIMESFORMER_HF: Layout = {
  name: 'huggingface-timesformer',
  entries: [
    ...EMBEDDINGS,
    entry('encoder.positions.slot', 'embeddings.time_embeddings', 'slots', { leading: 1 }),
    ...['q', 'k', 'v'].flatMap((part, third) =>
      ['weight', 'bias'].map((kind) =>
        entry(
          `encoder.{i}.attn.${part}.${kind}`,
          `${BLOCK}.attention.attention.qkv.${kind}`,
          (['third.0', 'third.1', 'third.2'] as const)[third],
        ),
      ),
    ),
    ...BLOCK_ENTRIES,
    ...layer('encoder.norm', 'layernorm'),
  ],
  notes: [
    'attention_type joint_space_time is our joint attention.',
    'Attention over time of divided_space_time is left out: its residual starts elsewhere than that of Frozen-in-Time, which is ours.',
  ],
};
