import { expect, it } from 'vitest';
import { createTokenizer } from './tokenizer.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';
import { trainBpe } from './train-bpe.js';
import { wordMarks } from './word-marks.js';

/** The tokens of a text in words, as the marks cut them. */
function words(definition: TokenizerDefinition, tokens: readonly string[]): readonly string[] {
  const continues = wordMarks(definition);
  if (continues === undefined) throw new Error('nothing shows where words begin');
  const cut: string[] = [];
  for (const [i, token] of tokens.entries()) {
    const before = tokens[i - 1];
    if (before !== undefined && continues(token, before)) cut.push(`${cut.pop()}${token}`);
    else cut.push(token);
  }
  return cut;
}

function definition(tokenizer: object): TokenizerDefinition {
  return { tokenizer: { ...tokenizer }, config: {} };
}

it.each<[string, object, string[], string[]]>([
  [
    'WordPiece',
    { model: { type: 'WordPiece' }, pre_tokenizer: { type: 'BertPreTokenizer' } },
    ['a', 'play', '##ing', 'dog', ','],
    ['a', 'play##ing', 'dog', ','],
  ],
  [
    'byte-level BPE',
    {
      model: { type: 'BPE', continuing_subword_prefix: null },
      pre_tokenizer: { type: 'ByteLevel' },
    },
    ['\u0120a', '\u0120play', 'ing', '\u0120dog', ','],
    ['\u0120a', '\u0120playing', '\u0120dog,'],
  ],
  [
    "CLIP's BPE",
    {
      model: { type: 'BPE', end_of_word_suffix: '</w>', continuing_subword_prefix: '' },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [{ type: 'Split' }, { type: 'ByteLevel' }],
      },
    },
    ['a</w>', 'play', 'ing</w>', 'dog</w>', ',</w>'],
    ['a</w>', 'playing</w>', 'dog</w>', ',</w>'],
  ],
  [
    'SentencePiece',
    {
      model: { type: 'Unigram' },
      pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Metaspace' }] },
    },
    ['\u2581a', '\u2581play', 'ing'],
    ['\u2581a', '\u2581playing'],
  ],
])('%s shows where words begin', (_, tokenizer, tokens, wanted) => {
  expect(words(definition(tokenizer), tokens)).toEqual(wanted);
});

it('a vocabulary without marks is refused, with what to do', () => {
  const { tokenizer, config } = trainBpe(['a dog'], { vocabSize: 300 });
  const unmarked = createTokenizer({
    tokenizer: { ...tokenizer, pre_tokenizer: { type: 'Whitespace' } },
    config,
  });
  expect(() => unmarked.continuations([1])).toThrow('Set textMask.unit to "token"');
});

it('a tokenizer trained here has as many words as a caption has between its spaces', () => {
  const tokenizer = createTokenizer(trainBpe(['aa bb', 'aab'], { vocabSize: 262 }));
  const ids = tokenizer.encode('aab bba, aa');
  const begun = Array.from(tokenizer.continuations(ids)).filter((flag) => flag === 0);
  // Begin and end tokens are none of them.
  expect(ids.length).toBeGreaterThan(5);
  expect(begun).toHaveLength(3 + 1);
});
