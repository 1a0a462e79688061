import { expect, it } from 'vitest';
import { KeptSteps } from './kept-steps.js';
import type { FromTrainer } from './messages.js';

const ready = (doneSteps: number): FromTrainer => ({
  kind: 'ready',
  steps: 300,
  doneSteps,
  metrics: [],
  evaluations: [],
});
const step = (at: number): FromTrainer => ({
  kind: 'step',
  line: { step: at, learningRate: 0, metrics: {}, stepSeconds: 0 } as never,
  memory: { tensors: 0, buffers: 0, buffersMade: 0 },
});
const checkpoint = (at: number): FromTrainer => ({ kind: 'checkpoint', step: at });
const tar = (at: number): FromTrainer => ({ kind: 'tar', tar: new Uint8Array(), step: at });
const failed: FromTrainer = { kind: 'state', state: 'failed', problem: '' };

function wouldLose(...messages: readonly FromTrainer[]): boolean {
  const kept = new KeptSteps();
  for (const message of messages) kept.hear(message);
  return kept.wouldLose;
}

it('would lose what was trained since the run was handed over', () => {
  expect(wouldLose()).toBe(false);
  const trained = [ready(0), step(1), step(2), checkpoint(2)];
  expect(wouldLose(...trained)).toBe(true);
  expect(wouldLose(...trained, tar(2))).toBe(false);
  // A tar goes on from its last checkpoint: the step behind it is not in it.
  expect(wouldLose(...trained, step(3), tar(2))).toBe(true);
  expect(wouldLose(...trained, tar(2), ready(2))).toBe(false);
  expect(wouldLose(...trained, tar(2), ready(2), step(3))).toBe(true);
});

it('knows nothing of the run before, once another is in its place', () => {
  const first = [ready(0), step(248), checkpoint(248), tar(248)];
  const opened: FromTrainer = { kind: 'opened' };
  expect(wouldLose(...first, opened, ready(90))).toBe(false);
  expect(wouldLose(...first, opened, ready(90), step(100))).toBe(true);
  expect(wouldLose(...first, ready(0), step(1))).toBe(true);
});

it('does not ask for steps that a failure has taken already', () => {
  const lost = [ready(0), step(4), checkpoint(4), step(5), failed];
  expect(wouldLose(...lost)).toBe(true);
  expect(wouldLose(...lost, tar(4))).toBe(false);
  expect(wouldLose(ready(0), step(1), failed)).toBe(false);
});
