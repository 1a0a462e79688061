import { entry, layer } from './entries.js';
import type { Layout } from './layout.js';

const BLOCK = 'text_model.encoder.layers.{i}';

/** Hugging Face `CLIPTextModelWithProjection`: attention `causal`, pool `last`, `quick-gelu`, key bias. */
export const CLIP_TEXT_HF: Layout = {
  name: 'huggingface-clip-text',
  entries: [
    entry('text.tokens', 'text_model.embeddings.token_embedding.weight', 'rows'),
    entry('text.positions', 'text_model.embeddings.position_embedding.weight', 'rows'),
    ...layer('text.{i}.norm1', `${BLOCK}.layer_norm1`),
    ...layer('text.{i}.attn.q', `${BLOCK}.self_attn.q_proj`),
    ...layer('text.{i}.attn.k', `${BLOCK}.self_attn.k_proj`),
    ...layer('text.{i}.attn.v', `${BLOCK}.self_attn.v_proj`),
    ...layer('text.{i}.attn.proj', `${BLOCK}.self_attn.out_proj`),
    ...layer('text.{i}.norm2', `${BLOCK}.layer_norm2`),
    ...layer('text.{i}.mlp.fc1', `${BLOCK}.mlp.fc1`),
    ...layer('text.{i}.mlp.fc2', `${BLOCK}.mlp.fc2`),
    ...layer('text.norm', 'text_model.final_layer_norm'),
    entry('projection.text.fc2.weight', 'text_projection.weight'),
    entry('temperature.log_scale', 'logit_scale'),
  ],
  notes: [
    'Every norm has eps 1e-5.',
    'The projection has no bias; the library returns it before normalisation.',
    'A caption ends at its first end token; what follows is padding and is not seen by it.',
  ],
};
