import { expect, it } from 'vitest';
import { refusal, refusalOf } from '../../core/testing/refusal.js';
import { dataCommand } from '../commands/data.js';
import { finetuneCommand } from '../commands/finetune.js';
import { probeCommand } from '../commands/probe.js';
import { requireTestList } from './list-options.js';

const NONE =
  '--test-split: this is the split of the list to judge by, and none is named; got test. Name it: --test LIST; it may be the list of --data.';

it('a split to judge by without its list is refused', () => {
  expect(refusal(() => requireTestList({ testSplit: 'test' }))).toBe(NONE);
  requireTestList({ testSplit: 'test', test: 'a.jsonl' });
  requireTestList({});
});

it.each([
  ['data check', dataCommand, ['check', 'absent.jsonl']],
  ['probe', probeCommand, ['absent', '--data', 'absent.jsonl']],
  ['finetune', finetuneCommand, ['--data', 'absent.jsonl', '--recipe', 'plain']],
] as const)('lacuna %s refuses it before anything is read', async (_, command, args) => {
  const own = command().parseAsync([...args, '--test-split', 'test'], { from: 'user' });
  expect(await refusalOf(own)).toBe(NONE);
});
