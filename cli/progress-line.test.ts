import { expect, it } from 'vitest';
import { duration } from '../core/duration.js';
import { formatProgress } from './progress-line.js';

const PROGRESS = {
  step: 120,
  steps: 500,
  loss: 2.4137,
  parts: [
    ['mae', 0.81],
    ['contrastive', 1.6],
  ] as const,
  stepSeconds: 0.31,
  waitSeconds: 0.0062,
  clips: 64,
};

it('says where a run stands, in one line', () => {
  expect(formatProgress(PROGRESS)).toBe(
    'step 120/500  loss 2.41 (mae 0.810, contrastive 1.60)  310 ms  206 clips/s  waiting 2 %  1:58 left',
  );
});

it('says by how much the loss is scaled, where it is', () => {
  const scaling = { scale: 32768, skipped: 1 };
  expect(formatProgress({ ...PROGRESS, parts: [], scaling })).toBe(
    'step 120/500  loss 2.41  scale 32768, 1 skipped  310 ms  206 clips/s  waiting 2 %  1:58 left',
  );
});

it('has the first score of each evaluator', () => {
  const evaluated = [['retrieval', 0.125]] as const;
  expect(formatProgress({ ...PROGRESS, parts: [], evaluated })).toBe(
    'step 120/500  loss 2.41  retrieval 0.125  310 ms  206 clips/s  waiting 2 %  1:58 left',
  );
});

it('shows a loss that is not finite as it is', () => {
  expect(formatProgress({ ...PROGRESS, loss: Number.NaN, parts: [] })).toContain('loss NaN  ');
});

it('writes durations as people do', () => {
  expect([0, 42, 185, 7800].map(duration)).toEqual(['0 s', '42 s', '3:05', '2:10:00']);
});
