import { expect, it } from 'vitest';
import { sinusoidTable } from './sinusoid.js';

it('interleaves sine and cosine over the flattened index, also for an odd width', () => {
  const table = sinusoidTable(7, 5);
  for (let n = 0; n < 7; n++) {
    for (let j = 0; j < 5; j++) {
      const angle = n / 10000 ** ((2 * Math.floor(j / 2)) / 5);
      const value = j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      expect(Math.abs((table[n * 5 + j] as number) - value)).toBeLessThan(2 ** -24);
    }
  }
});

it("keeps its bits: the corners of ViT-B's table", () => {
  const table = sinusoidTable(1568, 768);
  expect(table.length).toBe(1568 * 768);
  expect([0, 1, 768, 769, 1567 * 768 + 2, 1567 * 768 + 767].map((i) => table[i])).toEqual([
    0, 1, 0.8414709568023682, 0.5403022766113281, 0.09323162585496902, 0.9871468544006348,
  ]);
});

it('shrinks to one token: sines 0, cosines 1', () => {
  expect([...sinusoidTable(1, 3)]).toEqual([0, 1, 0]);
});

it.each([
  [0, 4],
  [4, 0],
  [1.5, 4],
  [2 ** 20, 2 ** 10],
])('refuses a table of %d x %d', (tokens, width) => {
  expect(() => sinusoidTable(tokens, width)).toThrow(/sinusoid table/);
});
