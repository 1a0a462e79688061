import { describe, expect, it } from 'vitest';
import { similarityLine, similaritySummary } from './similarity-line.js';

describe('similarityLine', () => {
  const progress = { done: 5, total: 20, reused: 1, images: 100, seconds: 8, secondsLeft: 95 };

  it('shows how far it is, at what pace, and the time left', () => {
    expect(similarityLine(progress)).toBe(
      'maps  5/20 [=====               ]  1 were there  12.5 images/s  2.00 s a video  1:35 left',
    );
  });

  it('says nothing of a pace before there is one', () => {
    const none = { ...progress, images: 0, reused: 0, secondsLeft: undefined };
    expect(similarityLine(none)).toBe('maps  5/20 [=====               ]');
  });
});

describe('similaritySummary', () => {
  const result = { done: 5, total: 20, made: 3, reused: 1, images: 60, seconds: 6, problems: [] };

  it('states what was made, what it cost, and how to go on', () => {
    expect(similaritySummary({ ...result, finished: true }, 'dense', 'maps')).toBe(
      'The maps of 4 videos are in maps: 3 made now, 1 there before. Form dense: 10.0 images/s  2.00 s a video.',
    );
    const problems = [{ id: 'x', reason: 'the file is empty' }];
    expect(similaritySummary({ ...result, problems, finished: false }, 'dense', 'maps')).toMatch(
      /^Stopped after 5 of 20 videos; the same command goes on from there\. 1 could not be read\./,
    );
  });
});
