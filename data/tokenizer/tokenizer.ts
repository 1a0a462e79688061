import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { LacunaError } from '../../spec/errors.js';
import { checkDefinition } from './check-definition.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';
import { withinTime } from './within-time.js';
import { wordMarks } from './word-marks.js';

/** Captions to token ids and back. An id is null where the vocabulary has no such token. */
export interface Tokenizer {
  /** One more than the highest id: the rows of an embedding table. */
  readonly vocabSize: number;
  /** Fills up short captions; the end token where the vocabulary has no padding token. */
  readonly padId: number;
  /** Begins a caption. */
  readonly clsId: number | null;
  /** Ends a caption. */
  readonly eosId: number | null;
  /** Replaces a masked word. */
  readonly maskId: number | null;
  /**
   * The ids of a caption with its begin and end tokens, neither padded nor truncated. A special
   * token's text inside a caption becomes that token, as everywhere in the Hugging Face ecosystem.
   *
   * @throws LacunaError if the caption is longer than `MAX_CAPTION_CHARACTERS`, or takes the tokenizer's
   * regular expressions longer than `MAX_ENCODE_MS`.
   */
  encode(caption: string): number[];
  /** The text of ids, normalised as the tokenizer does; padding, begin and end tokens are left out. */
  decode(ids: Iterable<number>): string;
  /**
   * A number an id: 1 where the token goes on with the word of the token before it. What begins a word
   * says `wordMarks`.
   *
   * @throws LacunaError if the vocabulary does not show where words begin.
   */
  continuations(ids: ArrayLike<number>): Uint8Array;
}

/** A longer text is no caption: it is refused before any work is spent on it. */
export const MAX_CAPTION_CHARACTERS = 65_536;

/** The longest caption takes a hundredth of it; a regular expression that backtracks would take for ever. */
export const MAX_ENCODE_MS = 5_000;

/** The names of a role in `tokenizer_config.json`, then the texts that usually play it. */
const ROLES = {
  pad: { keys: ['pad_token'], texts: ['[PAD]', '<pad>'] },
  cls: { keys: ['cls_token', 'bos_token'], texts: ['[CLS]', '<s>', '<|startoftext|>'] },
  eos: { keys: ['eos_token', 'sep_token'], texts: ['[EOS]', '[SEP]', '</s>', '<|endoftext|>'] },
  mask: { keys: ['mask_token'], texts: ['[MASK]', '<mask>'] },
} as const;

/**
 * A tokenizer from the content of its files: one trained by `trainBpe`, or any `tokenizer.json`
 * that `@huggingface/tokenizers` understands.
 *
 * @throws LacunaError if the definition is malformed, of an unknown kind, or has neither a padding
 * nor an end token.
 */
export function createTokenizer(definition: TokenizerDefinition): Tokenizer {
  const { highestId } = checkDefinition(definition);
  const inner = construct(definition);
  const vocabSize = highestId + 1;
  const idOf = (role: keyof typeof ROLES): number | null => {
    const { keys, texts } = ROLES[role];
    const named = keys.map((key) => tokenText(definition.config[key]));
    for (const text of [...named, ...texts]) {
      const id = text === undefined ? undefined : inner.token_to_id(text);
      if (id !== undefined) return id;
    }
    return null;
  };
  const clsId = idOf('cls');
  const eosId = idOf('eos');
  const padId = idOf('pad') ?? eosId;
  if (padId === null) {
    throw new LacunaError({
      what: 'the tokenizer has neither a padding nor an end token',
      where: 'tokenizer.json',
      fix: 'Name its pad_token or eos_token in a tokenizer_config.json beside it.',
    });
  }
  const hidden = new Set([padId, clsId, eosId]);

  function encode(caption: string): number[] {
    if (caption.length > MAX_CAPTION_CHARACTERS) {
      throw new LacunaError({
        what: 'a caption is too long',
        where: `"${caption.slice(0, 40)}..."`,
        got: `${caption.length} characters`,
        expected: `at most ${MAX_CAPTION_CHARACTERS}`,
      });
    }
    const { ids } = inTime(`"${caption.slice(0, 40)}"`, () => inner.encode(caption));
    for (const id of ids as readonly unknown[]) {
      if (typeof id === 'number' && id >= 0 && id < vocabSize) continue;
      throw new LacunaError({
        what: 'the tokenizer gave a token that is not in its vocabulary',
        where: `"${caption.slice(0, 40)}"`,
        fix: 'Its tokenizer.json needs an unknown token, or a vocabulary that covers every byte.',
      });
    }
    return ids;
  }

  function decode(ids: Iterable<number>): string {
    const shown = Array.from(ids).filter((id) => !hidden.has(id));
    return shown.length === 0 ? '' : inTime('ids', () => inner.decode(shown)).trim();
  }

  const continues = wordMarks(definition);
  function continuations(ids: ArrayLike<number>): Uint8Array {
    if (continues === undefined) {
      throw new LacunaError({
        what: 'this tokenizer does not show where words begin, so that whole words cannot be masked',
        where: 'tokenizer.json',
        expected: 'byte-level BPE, BPE with an end of words, WordPiece or Metaspace',
        fix: 'Set textMask.unit to "token".',
      });
    }
    const texts = Array.from(ids, (id) => inner.id_to_token(id) ?? '');
    return Uint8Array.from(texts, (text, i) =>
      i > 0 && continues(text, texts[i - 1] ?? '') ? 1 : 0,
    );
  }

  return { vocabSize, padId, clsId, eosId, maskId: idOf('mask'), encode, decode, continuations };
}

function construct({ tokenizer, config }: TokenizerDefinition): HuggingFaceTokenizer {
  try {
    const inner = new HuggingFaceTokenizer(tokenizer, config);
    inTime('"a"', () => inner.encode('a'));
    return inner;
  } catch (cause) {
    if (cause instanceof LacunaError) throw cause;
    throw new LacunaError(
      {
        what: 'this tokenizer cannot be used',
        where: 'tokenizer.json',
        got: cause instanceof Error ? cause.message : String(cause),
        fix: 'It must be a file that Hugging Face tokenizers wrote (BPE, WordPiece or Unigram).',
      },
      { cause },
    );
  }
}

function inTime<T>(where: string, work: () => T): T {
  const done = withinTime(MAX_ENCODE_MS, work);
  if (done !== undefined) return done.value;
  throw new LacunaError({
    what: 'the tokenizer does not come to an end',
    where,
    got: `over ${MAX_ENCODE_MS / 1000} s`,
    expected: 'some milliseconds',
    fix: 'A regular expression of its tokenizer.json backtracks: take the tokenizer from its source again.',
  });
}

/** `tokenizer_config.json` names a token by its text, or by an object that holds it. */
function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'content' in value) {
    return typeof value.content === 'string' ? value.content : undefined;
  }
  return undefined;
}
