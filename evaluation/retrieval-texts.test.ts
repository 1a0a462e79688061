import { expect, it } from 'vitest';
import type { ClipRecord } from '../data/index.js';
import { withoutText } from './retrieval-texts.js';

it('a clip without a label is told of, with the labels that it has by name', () => {
  const clip: ClipRecord = { id: 'a.mp4', video: 'a.mp4', captions: ['a cup'] };
  const reasonOf = (more: Partial<ClipRecord>): string | undefined =>
    withoutText({ ...clip, ...more }, 'labels')?.reason;
  expect(reasonOf({ label: 'take' })).toBeUndefined();
  expect(reasonOf({})).toBe('a.mp4: it has no label to ask for it.');
  expect(reasonOf({ labels: { noun: 'cup', verb: 'take' } })).toBe(
    'a.mp4: it has no label to ask for it; it has labels by name: noun, verb.',
  );
  expect(withoutText(clip, 'first')).toBeUndefined();
});
