import { expect, it } from 'vitest';
import { REFERENCE } from '../../reference/index.js';
import { measureSteps } from './measure-step.js';
import { type Problem, problemNamed } from './problem.js';

const { config } = problemNamed('tiny');
const SMALLEST: Problem = {
  config: {
    ...config,
    video: { frames: 2, size: 8, tubelet: 2, patch: 4 },
    encoder: { width: 8, depth: 1, heads: 1 },
    mae: { decoder: { width: 8, depth: 1, heads: 1 } },
  },
  shape: { batch: 2, visible: 1 },
};

it('runs as many steps as are asked for, and more where they are over too soon', async () => {
  const backend = await REFERENCE.open();
  const none = (): void => {};
  const { milliseconds, gflop, loss } = await measureSteps(backend, SMALLEST, {
    steps: 2,
    onProgress: none,
  });
  expect(milliseconds).toHaveLength(2);
  expect(gflop).toBeGreaterThan(0);
  expect(Number.isFinite(loss)).toBe(true);
  const more = await measureSteps(backend, SMALLEST, { steps: 1, least: 1e9, onProgress: none });
  expect(more.milliseconds).toHaveLength(20);
});

it('ends between two steps once it is told to', async () => {
  const backend = await REFERENCE.open();
  const controller = new AbortController();
  const lines: string[] = [];
  const measured = measureSteps(backend, SMALLEST, {
    steps: 5,
    signal: controller.signal,
    onProgress: (line) => {
      lines.push(line);
      if (lines.length === 2) controller.abort(new Error('enough'));
    },
  });
  await expect(measured).rejects.toThrow('enough');
  expect(lines).toHaveLength(2);
});
