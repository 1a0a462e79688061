import { entry, layer } from './entries.js';
import type { Layout, LayoutEntry } from './layout.js';

function table(ours: string, theirs: string): LayoutEntry {
  return entry(ours, `embeddings.${theirs}.weight`, ours === 'text.segments' ? 'same' : 'rows');
}

const NOTES: readonly string[] = [
  'norms after, an embedding norm, exact GELU, key bias; pool first: the class token of last_hidden_state.',
  'Every norm has eps 1e-12.',
];

const BERT_BLOCK = 'encoder.layer.{i}';

/** Hugging Face `BertModel` without its pooler: norms `after`, an embedding norm, 2 segments. */
export const BERT_HF: Layout = {
  name: 'huggingface-bert',
  entries: [
    table('text.tokens', 'word_embeddings'),
    table('text.positions', 'position_embeddings'),
    table('text.segments', 'token_type_embeddings'),
    ...layer('text.embed.norm', 'embeddings.LayerNorm'),
    ...layer('text.{i}.attn.q', `${BERT_BLOCK}.attention.self.query`),
    ...layer('text.{i}.attn.k', `${BERT_BLOCK}.attention.self.key`),
    ...layer('text.{i}.attn.v', `${BERT_BLOCK}.attention.self.value`),
    ...layer('text.{i}.attn.proj', `${BERT_BLOCK}.attention.output.dense`),
    ...layer('text.{i}.norm1', `${BERT_BLOCK}.attention.output.LayerNorm`),
    ...layer('text.{i}.mlp.fc1', `${BERT_BLOCK}.intermediate.dense`),
    ...layer('text.{i}.mlp.fc2', `${BERT_BLOCK}.output.dense`),
    ...layer('text.{i}.norm2', `${BERT_BLOCK}.output.LayerNorm`),
  ],
  notes: [...NOTES, 'Every token is of segment 0.'],
};

const DISTILBERT_BLOCK = 'transformer.layer.{i}';

/** Hugging Face `DistilBertModel`: norms `after`, an embedding norm, no segments. */
export const DISTILBERT_HF: Layout = {
  name: 'huggingface-distilbert',
  entries: [
    table('text.tokens', 'word_embeddings'),
    table('text.positions', 'position_embeddings'),
    ...layer('text.embed.norm', 'embeddings.LayerNorm'),
    ...layer('text.{i}.attn.q', `${DISTILBERT_BLOCK}.attention.q_lin`),
    ...layer('text.{i}.attn.k', `${DISTILBERT_BLOCK}.attention.k_lin`),
    ...layer('text.{i}.attn.v', `${DISTILBERT_BLOCK}.attention.v_lin`),
    ...layer('text.{i}.attn.proj', `${DISTILBERT_BLOCK}.attention.out_lin`),
    ...layer('text.{i}.norm1', `${DISTILBERT_BLOCK}.sa_layer_norm`),
    ...layer('text.{i}.mlp.fc1', `${DISTILBERT_BLOCK}.ffn.lin1`),
    ...layer('text.{i}.mlp.fc2', `${DISTILBERT_BLOCK}.ffn.lin2`),
    ...layer('text.{i}.norm2', `${DISTILBERT_BLOCK}.output_layer_norm`),
  ],
  notes: NOTES,
};
