import type { TokenizerDefinition } from './tokenizer-definition.js';

/** Whether a token goes on with the word of the token before it, by their texts in the vocabulary. */
export type ContinuesWord = (token: string, before: string) => boolean;

/** The space of a byte-level vocabulary. */
const SPACE = '\u0120';
/** The space of SentencePiece. */
const META_SPACE = '\u2581';

/**
 * How a vocabulary shows where words begin:
 * - BPE with an `end_of_word_suffix` (CLIP): what follows a token without it goes on;
 * - WordPiece, and BPE with a `continuing_subword_prefix` (BERT's `##`): what begins with it goes on;
 * - byte-level BPE (GPT-2, and what is trained here): what does not begin with a space goes on, so that
 *   a comma belongs to the word before it;
 * - Metaspace (SentencePiece): the same, with its own space.
 *
 * @returns undefined where it does not show.
 */
export function wordMarks({ tokenizer }: TokenizerDefinition): ContinuesWord | undefined {
  const model = recordOf(tokenizer.model);
  const suffix = textOf(model.end_of_word_suffix);
  if (suffix !== undefined) return (_, before) => !before.endsWith(suffix);
  const usual = model.type === 'WordPiece' ? '##' : undefined;
  const prefix = textOf(model.continuing_subword_prefix) ?? usual;
  if (prefix !== undefined) return (token) => token.startsWith(prefix);
  const stages = stagesOf(tokenizer.pre_tokenizer);
  if (stages.some(({ type }) => type === 'ByteLevel')) return (token) => !token.startsWith(SPACE);
  const meta = stages.find(({ type }) => type === 'Metaspace');
  if (meta === undefined) return undefined;
  const space = textOf(meta.replacement) ?? META_SPACE;
  return (token) => !token.startsWith(space);
}

/** A pre-tokenizer, or those of a sequence. */
function stagesOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  const stage = recordOf(value);
  const { pretokenizers } = stage;
  return Array.isArray(pretokenizers) ? pretokenizers.map(recordOf) : [stage];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
