import { expect, it } from 'vitest';
import { sampleWord } from './sample-word.js';

it('keeps its words: a change would redraw every mask, crop and order of every run', () => {
  const ids = ['', 'a', 'clip-0001', 'clip-0002', 'vidéo/été.mp4'];
  expect(ids.map(sampleWord)).toEqual([2872998923, 444641715, 1762140347, 3799134107, 913924900]);
});

it('spreads ids that differ in one character over all of the bits', () => {
  const count = 4096;
  const words = Array.from({ length: count }, (_, i) => sampleWord(`clip-${i}`));
  expect(new Set(words).size).toBe(count);
  for (let bit = 0; bit < 32; bit++) {
    const ones = words.filter((word) => ((word >>> bit) & 1) === 1).length;
    expect(Math.abs(ones - count / 2)).toBeLessThan(5 * Math.sqrt(count / 4));
  }
});
