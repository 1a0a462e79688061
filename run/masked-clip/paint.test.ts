import { expect, it } from 'vitest';
import { heatOf } from './paint.js';

it('colours a map of as many tokens as the forms allow', () => {
  const grid = { slots: 16, rows: 112, columns: 112 };
  const map = new Int16Array(16 * 112 * 112).map((_, i) => 1 + (i % 3));
  expect([...heatOf('similarity', map, grid).subarray(0, 4)]).toEqual([0, 0.5, 1, 0]);
});
