import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawCaptions } from './captions.js';
import {
  BACKGROUNDS,
  COLOURS,
  clipStream,
  combination,
  type DemoContent,
  MOTIONS,
  oppositeColour,
  SHAPES,
  testContents,
  trainContent,
} from './content.js';

const seeds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

function counts(values: readonly string[]): number[] {
  return [...new Set(values)].map((value) => values.filter((other) => other === value).length);
}

describe('the held-out contents', () => {
  it('pair each colour with each background once, and spread over shapes and motions', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const contents = testContents(seed);
        expect(contents).toHaveLength(64);
        expect(new Set(contents.map((c) => `${c.colour} ${c.background}`)).size).toBe(64);
        expect(new Set(contents.map(combination)).size).toBe(64);
        expect(counts(contents.map((c) => c.shape))).toEqual(Array(SHAPES.length).fill(8));
        const motions = counts(contents.map((c) => c.motion));
        expect(motions).toHaveLength(MOTIONS.length);
        for (const count of motions) expect([5, 6]).toContain(count);
      }),
      { numRuns: 20 },
    );
  });

  it('have combinations of colour, shape and motion that no train clip has', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 60_000 }), (seed, first) => {
        const held = new Set(testContents(seed).map(combination));
        for (let index = first; index < first + 100; index++) {
          expect(held.has(combination(trainContent(seed, index, held)))).toBe(false);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('show nothing that the train clips do not show in another combination', () => {
    const held = new Set(testContents(0).map(combination));
    const train = Array.from({ length: 2000 }, (_, index) => trainContent(0, index, held));
    const seen = new Set(
      train.flatMap(({ colour, shape, motion, background }) => [
        `${colour} ${shape}`,
        `${colour} ${background}`,
        `${shape} ${motion}`,
        `${colour} ${motion}`,
      ]),
    );
    expect(seen.size).toBe(8 * 8 + 8 * 8 + 8 * 12 + 8 * 12);
  });
});

describe('the second object', () => {
  it('never has the colour of the main object', () => {
    const held = new Set<string>();
    const train = Array.from({ length: 1000 }, (_, index) => trainContent(3, index, held));
    const withSecond = train.filter(({ second }) => second !== null);
    expect(withSecond.length).toBeGreaterThan(180);
    for (const { colour, second } of withSecond) expect(second?.colour).not.toBe(colour);
  });
});

describe('the colour that an object turns into', () => {
  it('is another one, and turning twice gives the first', () => {
    for (const colour of COLOURS) {
      expect(oppositeColour(colour)).not.toBe(colour);
      expect(oppositeColour(oppositeColour(colour))).toBe(colour);
    }
  });
});

describe('captions', () => {
  const words = {
    small: /small|little|tiny/i,
    big: /big|large|huge/i,
    gradient: /gradient/i,
    stripes: /stripe/i,
    checker: /check|chess/i,
    noise: /nois|grain/i,
  } as const;
  const has = (text: string, key: string): boolean =>
    (words[key as keyof typeof words] ?? new RegExp(`\\b${key}\\b`, 'i')).test(text);

  const captionsOf = (content: DemoContent, index: number): string[] =>
    drawCaptions(content, clipStream({ seed: 0, split: 'test', index }, 'captions'));

  it('are three different sentences that name size, colour, shape and background', () => {
    for (const [index, content] of testContents(0).entries()) {
      const captions = captionsOf(content, index);
      expect(new Set(captions).size).toBe(3);
      for (const caption of captions) {
        expect(caption).toMatch(/^[A-Z].*\.$/);
        for (const key of [content.size, content.colour, content.shape, content.background]) {
          expect(has(caption, key), `${caption} names ${key}`).toBe(true);
        }
        expect(caption).not.toMatch(/\ba [aeiou]|\ban [^aeiou]|undefined| {2}/);
      }
    }
  });

  it('tell the 64 held-out clips apart by colour and background alone', () => {
    const contents = testContents(0);
    for (const [index, content] of contents.entries()) {
      for (const caption of captionsOf({ ...content, second: null, motion: 'up' }, index)) {
        const matching = contents.filter(
          ({ colour, background }) => has(caption, colour) && has(caption, background),
        );
        expect(matching).toEqual([content]);
      }
    }
  });

  it('describe every motion in words that no other motion uses', () => {
    const base = testContents(0)[0] as DemoContent;
    const plain = { ...base, second: null, size: 'small', colour: 'red', shape: 'star' } as const;
    const stripped = (motion: DemoContent['motion']): Set<string> =>
      new Set(
        Array.from({ length: 60 }, (_, i) => captionsOf({ ...plain, motion }, i))
          .flat()
          .map((caption) => caption.replaceAll(/small|little|tiny/g, '')),
      );
    const all = MOTIONS.map(stripped);
    const distinct = new Set(all.flatMap((set) => [...set]));
    expect(distinct.size).toBe(all.reduce((sum, set) => sum + set.size, 0));
  });

  it('name the second object in some captions only', () => {
    const held = new Set<string>();
    const named = Array.from({ length: 400 }, (_, index) => {
      const content = trainContent(0, index, held);
      return captionsOf(content, index).map((caption) => {
        const beside = caption.includes('next to');
        if (content.second === null) expect(beside).toBe(false);
        return beside;
      });
    }).flat();
    const share = named.filter(Boolean).length / named.length;
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.18);
    expect(BACKGROUNDS).toHaveLength(8);
  });
});
