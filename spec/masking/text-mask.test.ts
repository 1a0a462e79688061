import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleWord } from '../random/sample-word.js';
import type { MaskAddress } from './draw-mask.js';
import { maskedCount, ROUNDINGS } from './rounding.js';
import { completeTextMaskConfig, maskText, type TextMaskVocabulary } from './text-mask.js';

const VOCABULARY: TextMaskVocabulary = { pad: 0, mask: 3, special: new Set([1, 2]) };
const ADDRESS: MaskAddress = { seed: 20240801, epoch: 7, sample: sampleWord('clip-0001') };

/** [CLS], words, [SEP], padding. */
const captions = fc
  .tuple(fc.array(fc.integer({ min: 4, max: 9 }), { maxLength: 12 }), fc.nat(4))
  .map(([words, padding]) => Int32Array.from([1, ...words, 2, ...Array(padding).fill(0)]));
const configs = fc.record({
  mode: fc.constantFrom('replace' as const, 'drop' as const),
  ratio: fc.constantFrom(0, 0.15, 0.3, 0.5, 0.99),
  rounding: fc.constantFrom(...ROUNDINGS),
});
const isWord = (id: number): boolean => id > 3;

describe('maskText', () => {
  it('masks exactly the count of its rule, words only, and always leaves one word', () => {
    fc.assert(
      fc.property(configs, captions, fc.nat(), (config, ids, sample) => {
        const { masked } = maskText(config, ids, VOCABULARY, { seed: 1, sample });
        const n = ids.filter(isWord).length;
        const asked = maskedCount(config.rounding, n, config.ratio);
        expect(masked.length).toBe(Math.max(0, Math.min(asked, n - 1)));
        expect(masked).toEqual(masked.slice().sort());
        expect(new Set(masked).size).toBe(masked.length);
        for (const position of masked) expect(isWord(ids[position] as number)).toBe(true);
      }),
    );
  });

  it('replaces in place: all other tokens stay', () => {
    fc.assert(
      fc.property(configs, captions, fc.nat(), (config, ids, sample) => {
        const address = { seed: 1, sample };
        const result = maskText({ ...config, mode: 'replace' }, ids, VOCABULARY, address);
        const expected = ids.map((id, i) => (result.masked.includes(i) ? VOCABULARY.mask : id));
        expect(result.ids).toEqual(expected);
      }),
    );
  });

  it('drops the same tokens, keeps the order of the others and pads the end', () => {
    fc.assert(
      fc.property(configs, captions, fc.nat(), (config, ids, sample) => {
        const address = { seed: 1, sample };
        const replaced = maskText({ ...config, mode: 'replace' }, ids, VOCABULARY, address);
        const dropped = maskText({ ...config, mode: 'drop' }, ids, VOCABULARY, address);
        expect(dropped.masked).toEqual(replaced.masked);
        const kept = [...ids].filter((_, i) => !dropped.masked.includes(i));
        expect([...dropped.ids]).toEqual([...kept, ...Array(ids.length - kept.length).fill(0)]);
      }),
    );
  });

  it('keeps its masks', () => {
    const ids = Int32Array.of(1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 2, 0, 0);
    const replaced = maskText({ ratio: 0.3 }, ids, VOCABULARY, ADDRESS);
    expect([...replaced.ids]).toEqual([1, 3, 12, 13, 14, 3, 16, 3, 18, 19, 20, 2, 0, 0]);
    const dropped = maskText({ mode: 'drop', ratio: 0.3 }, ids, VOCABULARY, ADDRESS);
    expect([...dropped.ids]).toEqual([1, 12, 13, 14, 16, 18, 19, 20, 2, 0, 0, 0, 0, 0]);
    expect([...ids]).toEqual([1, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 2, 0, 0]);
  });

  it('leaves captions of no and of one word alone, whatever the ratio', () => {
    for (const mode of ['replace', 'drop'] as const) {
      for (const ids of [[], [1, 2], [1, 7, 2, 0], [7], [0, 0]].map((list) =>
        Int32Array.from(list),
      )) {
        const result = maskText({ mode, ratio: 0.99 }, ids, VOCABULARY, ADDRESS);
        expect(result).toEqual({ ids, masked: new Int32Array(0) });
      }
    }
  });

  it('masks whole words: all tokens of one or none, and so many words as the rule says', () => {
    const flags = fc.array(fc.boolean(), { minLength: 18, maxLength: 18 });
    fc.assert(
      fc.property(configs, captions, flags, fc.nat(), (config, ids, isPart, sample) => {
        const continues = Uint8Array.from(ids, (_, i) => (isPart[i] === true ? 1 : 0));
        const words: number[][] = [];
        for (const [i, id] of ids.entries()) {
          if (!isWord(id)) continue;
          // The token behind [CLS] begins a word whatever its flag says.
          if (i > 1 && continues[i] === 1) words.at(-1)?.push(i);
          else words.push([i]);
        }
        const whole = { ...config, unit: 'word' } as const;
        const { masked } = maskText(whole, ids, VOCABULARY, { seed: 1, sample }, continues);
        const hidden = words.filter((word) => word.some((i) => masked.includes(i)));
        expect([...masked]).toEqual(hidden.flat());
        const asked = maskedCount(config.rounding, words.length, config.ratio);
        expect(hidden.length).toBe(Math.max(0, Math.min(asked, words.length - 1)));
      }),
    );
  });

  it('keeps its masks of whole words', () => {
    const ids = Int32Array.of(1, 11, 12, 13, 14, 15, 16, 17, 2, 0);
    const continues = Uint8Array.of(0, 1, 1, 0, 0, 1, 1, 0, 1, 1);
    const config = { ratio: 0.5, unit: 'word' } as const;
    const { ids: replaced, masked } = maskText(config, ids, VOCABULARY, ADDRESS, continues);
    expect([...masked]).toEqual([3, 4, 5, 6]);
    expect([...replaced]).toEqual([1, 11, 12, 3, 3, 3, 3, 17, 2, 0]);
  });

  it('masks nothing in a caption of one word of many tokens', () => {
    const ids = Int32Array.of(1, 11, 12, 13, 2);
    const config = { ratio: 0.5, unit: 'word' } as const;
    const continues = Uint8Array.of(0, 0, 1, 1, 0);
    expect(maskText(config, ids, VOCABULARY, ADDRESS, continues).masked).toHaveLength(0);
  });

  it('refuses whole words without knowing them', () => {
    const ids = Int32Array.of(4, 5);
    const config = { unit: 'word' } as const;
    for (const continues of [undefined, [1]]) {
      expect(() => maskText(config, ids, VOCABULARY, ADDRESS, continues)).toThrow(/whole words/);
    }
  });

  it('masks other words in another epoch or for another sample', () => {
    const ids = Int32Array.from({ length: 64 }, (_, i) => i + 4);
    const masks = [ADDRESS, { ...ADDRESS, epoch: 8 }, { ...ADDRESS, sample: 1 }].map((address) =>
      maskText({}, ids, VOCABULARY, address).masked.join(),
    );
    expect(new Set(masks).size).toBe(3);
  });

  it('replaces 15 % by default, with BERT rounding', () => {
    expect(completeTextMaskConfig({})).toEqual({
      mode: 'replace',
      unit: 'token',
      ratio: 0.15,
      rounding: 'nearest-masked-at-least-one',
    });
  });

  it('refuses a ratio of 1 and a mode that it does not know', () => {
    const ids = Int32Array.of(4, 5);
    expect(() => maskText({ ratio: 1 }, ids, VOCABULARY, ADDRESS)).toThrow(/mask ratio/);
    const mode: string = 'shuffle';
    expect(() => maskText({ mode: mode as 'drop' }, ids, VOCABULARY, ADDRESS)).toThrow(/'shuffle'/);
  });
});
