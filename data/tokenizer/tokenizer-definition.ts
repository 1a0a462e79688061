import { BYTE_CHARACTERS } from './byte-level.js';

/** The content of a `tokenizer.json`, as Hugging Face writes it, and of its `tokenizer_config.json`. */
export interface TokenizerDefinition {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** The special tokens of a tokenizer trained here; a token's id is its place in this list. */
export const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[EOS]', '[MASK]'] as const;

/**
 * Every symbol that a merge can start from, by id: the special tokens, then the 256 byte characters
 * by code point (the order of Hugging Face's trainer).
 */
export const BASE_VOCABULARY: readonly string[] = [
  ...SPECIAL_TOKENS,
  ...[...BYTE_CHARACTERS].sort((a, b) => (a < b ? -1 : 1)),
];

/**
 * What happens to a caption before it is split: NFC, white space to single spaces, ends stripped,
 * lower case. Two characters are replaced first because JavaScript and Rust treat them differently:
 * U+FEFF (white space in one only) and capital sigma (whose lower case depends on its place).
 */
export const NORMALIZER = {
  type: 'Sequence',
  normalizers: [
    { type: 'NFC' },
    { type: 'Replace', pattern: { String: '\ufeff' }, content: ' ' },
    { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
    { type: 'Strip', strip_left: true, strip_right: true },
    { type: 'Replace', pattern: { String: '\u03a3' }, content: '\u03c3' },
    { type: 'Lowercase' },
  ],
} as const;

/** GPT-2's split into words, each with the space before it; the first word gets a space as well. */
export const PRE_TOKENIZER = {
  type: 'ByteLevel',
  add_prefix_space: true,
  trim_offsets: true,
  use_regex: true,
} as const;

/** The definition of a byte-level BPE tokenizer that wraps each caption as `[CLS] ... [EOS]`. */
export function bpeDefinition(
  vocabulary: readonly string[],
  merges: readonly (readonly [string, string])[],
): TokenizerDefinition {
  const [pad, unknown, cls, eos, mask] = SPECIAL_TOKENS;
  const special = (token: string): object => ({
    id: token,
    ids: [vocabulary.indexOf(token)],
    tokens: [token],
  });
  const sequence = (id: 'A' | 'B'): object => ({ Sequence: { id, type_id: 0 } });
  const marker = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: SPECIAL_TOKENS.map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: NORMALIZER,
      pre_tokenizer: PRE_TOKENIZER,
      post_processor: {
        type: 'TemplateProcessing',
        single: [marker(cls), sequence('A'), marker(eos)],
        pair: [marker(cls), sequence('A'), marker(eos), sequence('B'), marker(eos)],
        special_tokens: { [cls]: special(cls), [eos]: special(eos) },
      },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: unknown,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
        merges,
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      pad_token: pad,
      unk_token: unknown,
      cls_token: cls,
      eos_token: eos,
      mask_token: mask,
      clean_up_tokenization_spaces: false,
    },
  };
}
