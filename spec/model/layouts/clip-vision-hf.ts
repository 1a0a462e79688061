import { entry, layer } from './entries.js';
import type { Layout } from './layout.js';

const BLOCK = 'vision_model.encoder.layers.{i}';
const EMBEDDINGS = 'vision_model.embeddings';
const POSITIONS = `${EMBEDDINGS}.position_embedding.weight`;

/** Hugging Face `CLIPVisionModelWithProjection`: an embedding norm, `quick-gelu`, key bias, the class token. */
export const CLIP_VISION_HF: Layout = {
  name: 'huggingface-clip-vision',
  entries: [
    entry('encoder.patch.weight', `${EMBEDDINGS}.patch_embedding.weight`, 'conv2d'),
    entry('encoder.class', `${EMBEDDINGS}.class_embedding`, 'class', { plus: POSITIONS }),
    entry('encoder.positions.place', POSITIONS, 'places'),
    ...layer('encoder.embed.norm', 'vision_model.pre_layrnorm'),
    ...layer('encoder.{i}.norm1', `${BLOCK}.layer_norm1`),
    ...layer('encoder.{i}.attn.q', `${BLOCK}.self_attn.q_proj`),
    ...layer('encoder.{i}.attn.k', `${BLOCK}.self_attn.k_proj`),
    ...layer('encoder.{i}.attn.v', `${BLOCK}.self_attn.v_proj`),
    ...layer('encoder.{i}.attn.proj', `${BLOCK}.self_attn.out_proj`),
    ...layer('encoder.{i}.norm2', `${BLOCK}.layer_norm2`),
    ...layer('encoder.{i}.mlp.fc1', `${BLOCK}.mlp.fc1`),
    ...layer('encoder.{i}.mlp.fc2', `${BLOCK}.mlp.fc2`),
    ...layer('encoder.norm', 'vision_model.post_layernorm'),
    entry('projection.video.fc2.weight', 'visual_projection.weight'),
  ],
  notes: [
    'Every norm has eps 1e-5.',
    'The embedding of patches has no bias there: ours starts at 0.',
    "The library norms the class token alone at the end; ours norms every token, which leaves the class token's as it is.",
  ],
};
