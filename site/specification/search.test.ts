import { expect, it } from 'vitest';
import { clauseIsFound, wordsOf } from './search.js';

it('finds what has all the words, in any order and case', () => {
  const text = 'op.softmax.gradient From the result y and its gradient dy. dx = y (dy - sum(y dy))';
  for (const found of ['', '  ', 'Gradient softmax', 'SUM(Y', 'op.']) {
    expect([found, clauseIsFound(text, wordsOf(found))]).toEqual([found, true]);
  }
  expect(clauseIsFound(text, wordsOf('softmax layer'))).toBe(false);
});
