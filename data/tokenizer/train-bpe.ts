import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { LacunaError } from '../../spec/errors.js';
import { PairCounts, pairKey, pairOf } from './pair-counts.js';
import {
  BASE_VOCABULARY,
  bpeDefinition,
  SPECIAL_TOKENS,
  type TokenizerDefinition,
} from './tokenizer-definition.js';

export interface BpeOptions {
  /** Entries of the vocabulary at most, special tokens and bytes included: 261 to 100,000. */
  readonly vocabSize: number;
}

/** A pair that occurs less often than this is not merged: a token seen once teaches nothing. */
const MINIMUM_PAIR_COUNT = 2;
const MAX_VOCAB_SIZE = 100_000;

/**
 * Trains a byte-level BPE tokenizer: starting from bytes, the most frequent pair of neighbours
 * within words becomes a symbol, again and again, until the vocabulary is full or no pair occurs
 * twice. Ties go to the pair with the lower left id, then the lower right id.
 *
 * Ids: `[PAD]` 0, `[UNK]` 1, `[CLS]` 2, `[EOS]` 3, `[MASK]` 4, the 256 bytes, then merges in order.
 * The result depends on the captions as a multiset only, and equals that of Hugging Face's
 * `BpeTrainer` with the byte alphabet and a minimum frequency of 2 (`fixtures/`).
 *
 * @throws LacunaError if `vocabSize` is out of bounds or there is no caption with a character.
 */
export function trainBpe(
  captions: Iterable<string>,
  { vocabSize }: BpeOptions,
): TokenizerDefinition {
  const smallest = BASE_VOCABULARY.length;
  if (!Number.isInteger(vocabSize) || vocabSize < smallest || vocabSize > MAX_VOCAB_SIZE) {
    throw new LacunaError({
      what: 'the size of the vocabulary is out of bounds',
      where: 'vocabSize',
      got: String(vocabSize),
      expected: `an integer in [${smallest}, ${MAX_VOCAB_SIZE}]`,
      fix: `${smallest} entries are the special tokens and the 256 byte values.`,
    });
  }
  const words = countWords(captions);
  if (words.length === 0) {
    throw new LacunaError({
      what: 'there is no caption to train a tokenizer on',
      fix: 'Check that the data set has captions, or load a tokenizer.json instead.',
    });
  }
  const vocabulary = [...BASE_VOCABULARY];
  const merges = mergePairs(words, vocabulary, vocabSize);
  return bpeDefinition(vocabulary, merges);
}

/** A distinct word of the captions, as symbols, and how often it occurs. */
interface Word {
  symbols: number[];
  readonly count: number;
}

function countWords(captions: Iterable<string>): Word[] {
  const { tokenizer, config } = bpeDefinition(BASE_VOCABULARY, []);
  // The splitter of the tokenizer to be, so that training and encoding cannot differ.
  const splitter = new HuggingFaceTokenizer(tokenizer, config);
  const counts = new Map<string, number>();
  for (const caption of captions) {
    const text = splitter.normalizer?.normalize(caption) ?? '';
    if (text === '') continue;
    for (const word of splitter.pre_tokenizer?.pre_tokenize_text(text) ?? []) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const ids = new Map(BASE_VOCABULARY.map((token, id) => [token, id]));
  return Array.from(counts, ([word, count]) => ({
    symbols: Array.from(word, (character) => ids.get(character) ?? SPECIAL_TOKENS.indexOf('[UNK]')),
    count,
  }));
}

/** Appends the new tokens to `vocabulary` and returns the merges in order. */
function mergePairs(words: readonly Word[], vocabulary: string[], vocabSize: number) {
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const counts = new PairCounts();
  const wordsWith = new Map<number, Set<Word>>();
  for (const word of words) {
    for (const [key, amount] of pairTotals(word)) {
      counts.add(key, amount);
      remember(wordsWith, key, word);
    }
  }
  const merges: (readonly [string, string])[] = [];
  while (vocabulary.length < vocabSize) {
    const key = counts.mostFrequent(MINIMUM_PAIR_COUNT);
    if (key === undefined) break;
    const [left, right] = pairOf(key);
    const parts = [vocabulary[left] ?? '', vocabulary[right] ?? ''] as const;
    const token = parts.join('');
    // Two different pairs can spell one token; it keeps its first id.
    const id = ids.get(token) ?? vocabulary.push(token) - 1;
    ids.set(token, id);
    merges.push(parts);
    for (const word of wordsWith.get(key) ?? []) {
      const before = pairTotals(word);
      word.symbols = mergeInWord(word.symbols, left, right, id);
      const after = pairTotals(word);
      for (const [pair, amount] of before) {
        const change = (after.get(pair) ?? 0) - amount;
        if (change !== 0) counts.add(pair, change);
      }
      for (const [pair, amount] of after) {
        if (before.has(pair)) continue;
        counts.add(pair, amount);
        remember(wordsWith, pair, word);
      }
    }
    wordsWith.delete(key);
  }
  return merges;
}

function pairTotals({ symbols, count }: Word): Map<number, number> {
  const totals = new Map<number, number>();
  for (let i = 1; i < symbols.length; i++) {
    const key = pairKey(symbols[i - 1] ?? 0, symbols[i] ?? 0);
    totals.set(key, (totals.get(key) ?? 0) + count);
  }
  return totals;
}

/** Replaces each occurrence of the pair, from the left, by the new symbol. */
function mergeInWord(symbols: readonly number[], left: number, right: number, id: number) {
  const merged: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      merged.push(id);
      i++;
    } else merged.push(symbols[i] ?? 0);
  }
  return merged;
}

function remember(wordsWith: Map<number, Set<Word>>, key: number, word: Word): void {
  const set = wordsWith.get(key);
  if (set === undefined) wordsWith.set(key, new Set([word]));
  else set.add(word);
}
