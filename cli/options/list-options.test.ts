import { expect, it } from 'vitest';
import { refusal } from '../../core/testing/refusal.js';
import { requireTestList } from './list-options.js';

it('a split to judge by without its list is refused', () => {
  expect(refusal(() => requireTestList({ testSplit: 'test' }))).toBe(
    '--test-split: this is the split of the list to judge by, and none is named; got test. Name it: --test LIST; it may be the list of --data.',
  );
  requireTestList({ testSplit: 'test', test: 'a.jsonl' });
  requireTestList({});
});
