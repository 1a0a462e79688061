import { expect, it } from 'vitest';
import { type RatedFrame, rateOf } from './frame-rate.js';

/** Frames of a film as WebM times them: in whole milliseconds. */
function frames(rate: number, numbers: readonly number[]): RatedFrame[] {
  return numbers.map((n, i) => ({
    mediaTime: Math.round((1000 * n) / rate) / 1000,
    presentedFrames: 5 + i,
  }));
}
const ALL = Array.from({ length: 31 }, (_, i) => i);
/** A busy browser shows no more of them. */
const SHOWN = ALL.filter((i) => i % 5 !== 3);

it.each([24_000 / 1001, 24, 25, 30_000 / 1001, 30, 50, 60_000 / 1001, 60])(
  'finds %d frames a second, though times are whole milliseconds',
  (rate) => {
    for (const first of [0, 1, 2]) {
      const from = (numbers: readonly number[]) => numbers.map((n) => first + n);
      expect([first, rateOf(frames(rate, from(ALL)))]).toEqual([first, rate]);
      expect([first, rateOf(frames(rate, from(SHOWN)))]).toEqual([first, rate]);
    }
  },
);

it('counts frames that were shown, but not told of', () => {
  const told = frames(30, ALL).filter((_, i) => i % 2 === 0);
  expect(rateOf(told)).toBe(30);
});

it('takes an unusual rate as it is measured, and 30 where nothing tells it', () => {
  expect(rateOf(frames(12.5, ALL))).toBeCloseTo(12.5, 2);
  expect(rateOf(frames(10, [0, 1]))).toBeCloseTo(10, 6);
  for (const numbers of [[], [0], [3, 3]]) expect(rateOf(frames(30, numbers))).toBe(30);
});
