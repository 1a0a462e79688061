import { describe, expect, it } from 'vitest';
import { maskedCount, ROUNDINGS } from './rounding.js';

const visible = (rounding: (typeof ROUNDINGS)[number], n: number, ratio: number): number =>
  n - maskedCount(rounding, n, ratio);

describe('maskedCount', () => {
  // Counts printed by the sources' own expressions, int(0.9 * 196) and int(196 * (1 - 0.9)), in Python.
  it.each([
    [196, 0.9, 20, 19],
    [1568, 0.9, 157, 156],
    [196, 0.6, 79, 78],
    [1568, 0.6, 628, 627],
    [196, 0.75, 49, 49],
    [196, 0.5, 98, 98],
    [196, 0.55, 89, 88],
    [10, 0.9, 1, 0],
    [10, 0.7, 3, 3],
    [100, 0.29, 72, 71],
  ])(
    'falls into the rounding trap as the sources do: %i tokens at %d',
    (n, ratio, masked, kept) => {
      expect(visible('floor-masked', n, ratio)).toBe(masked);
      expect(visible('floor-visible', n, ratio)).toBe(kept);
    },
  );

  it('keeps one token where open_clip does', () => {
    expect(visible('floor-visible-at-least-one', 10, 0.99)).toBe(1);
    expect(visible('floor-visible', 10, 0.99)).toBe(0);
    expect(visible('floor-visible-at-least-one', 196, 0.9)).toBe(19);
  });

  it('rounds to the nearest count, halves to even, at least one, as BERT does', () => {
    const masked = [1, 2, 5, 7, 10, 12, 16, 20].map((n) =>
      maskedCount('nearest-masked-at-least-one', n, 0.15),
    );
    expect(masked).toEqual([1, 1, 1, 1, 2, 2, 2, 3]);
    expect(maskedCount('nearest-masked-at-least-one', 5, 0.5)).toBe(2);
    expect(maskedCount('nearest-masked-at-least-one', 7, 0.5)).toBe(4);
  });

  it.each(ROUNDINGS)('masks nothing of nothing, and nothing at ratio 0: %s', (rounding) => {
    expect(maskedCount(rounding, 0, 0.9)).toBe(0);
    expect(maskedCount(rounding, 7, 0)).toBe(0);
  });

  it.each([-0.1, 1, 1.5, Number.NaN])('refuses the ratio %d', (ratio) => {
    expect(() => maskedCount('floor-masked', 196, ratio)).toThrow(/mask ratio is out of bounds/);
  });

  it('refuses a rule that it does not know, and lists the others', () => {
    const rounding: string = 'ceil';
    expect(() => maskedCount(rounding as 'floor-masked', 4, 0.5)).toThrow(/'ceil'.*floor-masked/);
    const inherited: string = 'toString';
    expect(() => maskedCount(inherited as 'floor-masked', 4, 0.5)).toThrow(/no such rounding/);
  });
});
