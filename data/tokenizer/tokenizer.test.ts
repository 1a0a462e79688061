import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { encodeBatch } from './encode-batch.js';
import { createTokenizer, MAX_CAPTION_CHARACTERS } from './tokenizer.js';
import {
  BASE_VOCABULARY,
  bpeDefinition,
  type TokenizerDefinition,
} from './tokenizer-definition.js';
import { readTokenizer, writeTokenizer } from './tokenizer-files.js';
import { trainBpe } from './train-bpe.js';

interface Vectors {
  readonly corpus: string[];
  readonly vocabSize: number;
  readonly vocab: Record<string, number>;
  readonly merges: [string, string][];
  readonly encodings: { text: string; ids: number[] }[];
}

const vectors: Vectors = JSON.parse(
  await readFile(new URL('./fixtures/tokenizer-vectors.json', import.meta.url), 'utf8'),
);

const captions = [
  'A small red circle moves to the left.',
  'a small  RED circle\tgoes left',
  'the small red circle is moving left',
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-tokenizer-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function modelOf(definition: TokenizerDefinition): { vocab: object; merges: unknown[] } {
  return definition.tokenizer.model as { vocab: object; merges: unknown[] };
}

describe('a byte-level BPE tokenizer', () => {
  it('learns the vocabulary and the merges of the Hugging Face trainer, ties included', () => {
    const definition = trainBpe(vectors.corpus, { vocabSize: vectors.vocabSize });
    expect(modelOf(definition).merges).toEqual(vectors.merges);
    expect(modelOf(definition).vocab).toEqual(vectors.vocab);
  });

  it('gives the ids that the Hugging Face tokenizer gives for the same file', () => {
    const tokenizer = createTokenizer(trainBpe(vectors.corpus, { vocabSize: vectors.vocabSize }));
    const ours = vectors.encodings.map(({ text }) => ({ text, ids: tokenizer.encode(text) }));
    expect(ours).toEqual(vectors.encodings);
    expect(ours.length).toBeGreaterThan(50);
  });

  it('does not depend on the order of the captions', () => {
    const forward = trainBpe(vectors.corpus, { vocabSize: 400 });
    const backward = trainBpe([...vectors.corpus].reverse(), { vocabSize: 400 });
    expect(backward).toEqual(forward);
  });

  it('wraps a caption in [CLS] and [EOS] and reads [MASK] inside it', () => {
    const tokenizer = createTokenizer(trainBpe(captions, { vocabSize: 400 }));
    expect([tokenizer.padId, tokenizer.clsId, tokenizer.eosId, tokenizer.maskId]).toEqual([
      0, 2, 3, 4,
    ]);
    const ids = tokenizer.encode('a [MASK] red circle');
    expect(ids[0]).toBe(2);
    expect(ids.at(-1)).toBe(3);
    expect(ids).toContain(4);
    expect(tokenizer.encode('')).toEqual([2, 3]);
    expect(tokenizer.encode(' \n ')).toEqual([2, 3]);
  });

  it('makes a whole word one token once it was seen twice and there is room', () => {
    const tokenizer = createTokenizer(trainBpe(captions, { vocabSize: 1000 }));
    expect(tokenizer.encode('Circle')).toHaveLength(3);
    expect(tokenizer.vocabSize).toBeLessThan(1000);
  });

  it('gives normalised text back', () => {
    const tokenizer = createTokenizer(trainBpe(captions, { vocabSize: 300 }));
    const word = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const text = words.join(' ').normalize('NFC');
        fc.pre(!/[\u03a3\ufeff[]/.test(text));
        const normal = text
          .replaceAll(/\p{White_Space}+/gu, ' ')
          .trim()
          .toLowerCase();
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(normal);
      }),
    );
  });

  it('is refused without captions, and outside the bounds of the vocabulary', () => {
    expect(() => trainBpe([], { vocabSize: 300 })).toThrow(/no caption/);
    expect(() => trainBpe(['', ' '], { vocabSize: 300 })).toThrow(/no caption/);
    expect(() => trainBpe(captions, { vocabSize: 260 })).toThrow(/expected an integer in \[261/);
    expect(() => trainBpe(captions, { vocabSize: 1e9 })).toThrow(LacunaError);
  });

  it('survives one caption a thousand times, and a single character', () => {
    const many = createTokenizer(trainBpe(Array(1000).fill('same words'), { vocabSize: 300 }));
    expect(many.encode('same words')).toHaveLength(4);
    expect(createTokenizer(trainBpe(['x'], { vocabSize: 261 })).encode('x')).toHaveLength(4);
  });
});

describe('a batch of captions', () => {
  const tokenizer = createTokenizer(trainBpe(captions, { vocabSize: 1000 }));

  it('is padded, and truncated with the end token in the last place', () => {
    const { ids, lengths, truncated } = encodeBatch(
      tokenizer,
      ['', 'red circle', 'red '.repeat(9)],
      4,
    );
    const [red, circle] = tokenizer.encode('red circle').slice(1, 3);
    expect([...ids]).toEqual([2, 3, 0, 0, 2, red, circle, 3, 2, red, red, 3]);
    expect([...lengths]).toEqual([2, 4, 4]);
    expect(truncated).toBe(1);
  });

  it('may be empty, and needs room for the two ends', () => {
    expect(encodeBatch(tokenizer, [], 2).ids).toHaveLength(0);
    expect([...encodeBatch(tokenizer, ['red circle'], 2).ids]).toEqual([2, 3]);
    for (const length of [1, 0, -1, 2.5, Number.NaN, 1e9]) {
      expect(() => encodeBatch(tokenizer, ['red'], length)).toThrow(LacunaError);
    }
  });

  it('refuses a text that is no caption, in one sentence', () => {
    const text = 'a'.repeat(MAX_CAPTION_CHARACTERS + 1);
    expect(() => encodeBatch(tokenizer, [text], 8)).toThrow(/too long; got 65537 characters/);
  });
});

describe('a tokenizer of a stranger', () => {
  it.each([
    ['normalizer', '(a+)+$'],
    ['pre_tokenizer', '(?:a|a|aa)+$'],
  ] as const)('whose %s does not come to an end is stopped', (part, regex) => {
    const trained = trainBpe(captions, { vocabSize: 300 });
    const pattern = { Regex: regex };
    const stage =
      part === 'normalizer'
        ? { type: 'Replace', pattern, content: '' }
        : { type: 'Split', pattern, behavior: 'Isolated', invert: false };
    const definition = { ...trained, tokenizer: { ...trained.tokenizer, [part]: stage } };
    const tokenizer = createTokenizer(definition);
    expect(() => tokenizer.encode(`${'a'.repeat(60)}!`)).toThrow(
      /the tokenizer does not come to an end; got over 5 s.*backtracks/,
    );
    expect(tokenizer.encode('b').length).toBeGreaterThan(2);
  });
});

describe('a tokenizer on disk', () => {
  it('comes back as it was written', async () => {
    const definition = trainBpe(captions, { vocabSize: 300 });
    await writeTokenizer(join(folder, 'ours'), definition);
    expect(await readTokenizer(join(folder, 'ours'))).toEqual(definition);
    expect(await readTokenizer(join(folder, 'ours', 'tokenizer.json'))).toEqual(definition);
  });

  it('may come from elsewhere, with other names for its special tokens and no config', async () => {
    const text = (content: string, id: number) => ({ id, content, special: true });
    const vocab = { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, '[MASK]': 4, dog: 5, '##s': 6 };
    const foreign = {
      added_tokens: Object.entries(vocab)
        .slice(0, 5)
        .map(([content, id]) => text(content, id)),
      normalizer: { type: 'BertNormalizer', lowercase: true },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab,
      },
    };
    const file = join(folder, 'foreign.json');
    await writeFile(file, JSON.stringify(foreign));
    const tokenizer = createTokenizer(await readTokenizer(file));
    expect(tokenizer.encode('Dogs cat')).toEqual([2, 5, 6, 1, 3]);
    expect(tokenizer).toMatchObject({ vocabSize: 7, padId: 0, clsId: 2, eosId: 3, maskId: 4 });
    expect(tokenizer.decode([2, 5, 6, 3, 0])).toBe('dogs');
  });

  it('pads with the end token, and has no [MASK], where the vocabulary is that of CLIP', () => {
    const { tokenizer } = bpeDefinition(BASE_VOCABULARY, []);
    const renamed = JSON.parse(
      JSON.stringify(tokenizer)
        .replaceAll('[EOS]', '<|endoftext|>')
        .replaceAll('[CLS]', '<|startoftext|>')
        .replaceAll('[PAD]', 'p')
        .replaceAll('[MASK]', 'm'),
    );
    const clip = createTokenizer({ tokenizer: renamed, config: {} });
    expect(clip).toMatchObject({ padId: 3, clsId: 2, eosId: 3, maskId: null });
  });

  it('is named when it is missing, cut off, huge, or no object', async () => {
    await expect(readTokenizer(join(folder, 'nowhere'))).rejects.toThrow(/no such tokenizer/);
    const file = join(folder, 'bad.json');
    await writeFile(file, JSON.stringify(trainBpe(captions, { vocabSize: 261 })).slice(0, 900));
    await expect(readTokenizer(file)).rejects.toThrow(/bad\.json: the file is not JSON/);
    await writeFile(file, '[1]');
    await expect(readTokenizer(file)).rejects.toThrow(/an array/);
    await truncate(file, 65 * 2 ** 20);
    await expect(readTokenizer(file)).rejects.toThrow(/at most 67108864 bytes/);
  });

  const whole = bpeDefinition(BASE_VOCABULARY, []).tokenizer;
  const model = modelOf({ tokenizer: whole, config: {} });
  it.each([
    ['nothing at all', {}],
    ['no model', { ...whole, model: undefined }],
    ['an unknown model', { ...whole, model: { ...model, type: 'Magic' } }],
    ['an id that no table holds', { ...whole, model: { ...model, vocab: { a: 1e12 } } }],
    ['a negative id', { ...whole, model: { ...model, vocab: { a: -1 } } }],
    ['an empty vocabulary', { ...whole, added_tokens: [], model: { ...model, vocab: {} } }],
    ['merges that are no pairs', { ...whole, model: { ...model, merges: [['a']] } }],
    ['a huge added id', { ...whole, added_tokens: [{ id: 2 ** 31, content: 'x' }] }],
    ['an unknown normaliser', { ...whole, normalizer: { type: 'Magic' } }],
    ['a broken pattern', { ...whole, normalizer: { type: 'Replace', pattern: { Regex: '[' } } }],
    [
      'a huge pattern',
      { ...whole, pre_tokenizer: { type: 'Split', pattern: { Regex: 'a'.repeat(9999) } } },
    ],
    ['no special token', { ...whole, added_tokens: [], model: { ...model, vocab: { a: 0 } } }],
  ])('is refused in one sentence when it has %s', (_, tokenizer) => {
    expect(() => createTokenizer({ tokenizer, config: {} })).toThrow(LacunaError);
  });

  it('is refused when it gives tokens outside its vocabulary', () => {
    const vocab = { '[PAD]': 0, a: 1 };
    const tokenizer = {
      ...whole,
      added_tokens: [],
      post_processor: null,
      model: { ...model, unk_token: null, vocab: { ...vocab, Ġ: 2 }, merges: [['a', 'a']] },
    };
    const made = createTokenizer({ tokenizer, config: {} });
    expect(made.encode('a')).toEqual([2, 1]);
    const odd = {
      ...tokenizer,
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: 'zzz', type_id: 0 } }],
      },
    };
    expect(() => createTokenizer({ tokenizer: odd, config: {} }).encode('a')).toThrow(
      /not in its vocabulary/,
    );
  });
});
