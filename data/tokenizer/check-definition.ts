import { z } from 'zod';
import { LacunaError } from '../../spec/errors.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';

/** Larger ids would make embedding tables that no machine holds. */
const MAX_ID = 2 ** 20 - 1;
const MAX_REGEX_CHARACTERS = 2_000;

const id = z.int().min(0).max(MAX_ID);
const stage = z.looseObject({ type: z.string() }).nullable();
const vocabById = z.record(z.string(), id);
const vocabByPlace = z
  .array(z.tuple([z.string(), z.number()]))
  .min(1)
  .max(MAX_ID + 1);
const merges = z.array(z.union([z.string(), z.tuple([z.string(), z.string()])]));

const schema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id, content: z.string().min(1).max(256) })),
  normalizer: stage,
  pre_tokenizer: stage,
  post_processor: stage,
  decoder: stage,
  model: z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('BPE'), vocab: vocabById, merges }),
    z.looseObject({ type: z.literal('WordPiece'), vocab: vocabById }),
    z.looseObject({ type: z.literal('Unigram'), vocab: vocabByPlace }),
  ]),
});

/**
 * Checks the shape of a tokenizer before any of it is used, and returns its highest id. What
 * its regular expressions cost, the tokenizer's time limit says.
 *
 * @throws LacunaError naming the first entry that is missing or wrong.
 */
export function checkDefinition({ tokenizer }: TokenizerDefinition): { highestId: number } {
  const result = schema.safeParse(tokenizer);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw refusal(issue?.path.join('.') ?? '', issue?.message ?? 'malformed');
  }
  const { added_tokens, model, normalizer, pre_tokenizer, decoder } = result.data;
  for (const part of [normalizer, pre_tokenizer, decoder]) checkRegexes(part, 0);
  const modelIds = model.type === 'Unigram' ? [model.vocab.length - 1] : Object.values(model.vocab);
  let highestId = -1;
  for (const value of modelIds) highestId = Math.max(highestId, value);
  for (const token of added_tokens) highestId = Math.max(highestId, token.id);
  if (highestId < 0) throw refusal('model.vocab', 'the vocabulary is empty');
  return { highestId };
}

const MAX_DEPTH = 16;

function checkRegexes(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw refusal('tokenizer', 'stages are nested too deeply');
  for (const [key, entry] of Object.entries(value)) {
    if (key === 'Regex' && String(entry).length > MAX_REGEX_CHARACTERS) {
      throw refusal(key, `a regular expression of over ${MAX_REGEX_CHARACTERS} characters`);
    }
    checkRegexes(entry, depth + 1);
  }
}

function refusal(path: string, got: string): LacunaError {
  return new LacunaError({
    what: 'this is not a tokenizer that can be used',
    where: path === '' ? 'tokenizer.json' : `tokenizer.json, ${path}`,
    got,
    fix: 'It must be a file that Hugging Face tokenizers wrote (BPE, WordPiece or Unigram).',
  });
}
