import { expect, it } from 'vitest';
import { type Curve, curvePicture } from './curve.js';

const of = (...values: readonly number[]): Curve => ({
  title: 'loss',
  points: values.map((value, i) => ({ step: i + 1, value })),
  steps: values.length,
  text: String,
});

it('is drawn of the values that there are, where some are missing or not finite', () => {
  const { text } = curvePicture(of(4, Number.NaN, 2, Number.POSITIVE_INFINITY));
  expect(text).not.toMatch(/NaN|Infinity/);
  expect(text).toContain('loss: 2 at step 3');
  expect(text.match(/points="([^"]*)"/)?.[1]?.split(' ')).toHaveLength(2);
  expect(curvePicture(of(Number.NaN)).text).toBe('');
});
