import { describe, expect, it } from 'vitest';
import type { BackendInfo, MemoryHabits } from '../../core/backend.js';
import { gibibytes } from '../../core/gibibytes.js';
import { planMemory } from '../../core/measure/plan-memory.js';
import { type Plan, trainingPlan } from '../../core/plan/index.js';
import { refusal } from '../../core/testing/refusal.js';
import { requireStepMemory } from './step-memory.js';

const HABITS: MemoryHabits = {
  device: 'machine',
  donated: 'beside',
  between: 'kept',
  fuses: false,
  whole: [],
};

const info = (memory: MemoryHabits): BackendInfo => ({
  name: 'test',
  version: '1',
  device: 'CPU',
  contract: 'f32-ieee',
  deterministic: true,
  residency: 'resident',
  claims: [],
  memory,
});

/** A joint step of 12 clips. */
const planOf = (microbatches: number): Plan =>
  trainingPlan(
    {
      video: { frames: 4, size: 16, tubelet: 2, patch: 4 },
      encoder: { width: 8, depth: 2, heads: 2 },
      mae: { decoder: { width: 8, depth: 1, heads: 2 } },
      contrastive: {
        text: { frozen: true, width: 8 },
        textProjection: { kind: 'none', width: 8 },
        videoProjection: { kind: 'mlp-bn', width: 8 },
        temperature: { kind: 'fixed', value: 0.1 },
      },
    },
    { batch: 12, visible: 8 },
    { microbatches },
  );

const peaks = new Map(
  [1, 2, 3, 4, 6, 12].map((parts) => [parts, planMemory(planOf(parts), HABITS).peak]),
);
const peak = (parts: number): number => peaks.get(parts) ?? Number.NaN;

describe('a step that does not fit', () => {
  it('is told the fewest microbatches that do', () => {
    expect(peak(4)).toBeLessThan(peak(3));
    expect(
      refusal(() =>
        requireStepMemory({ batch: 12, microbatches: 2 }, planOf(2), info(HABITS), planOf, peak(4)),
      ),
    ).toBe(
      `microbatches: a step of this batch does not fit into the memory of this machine; got 2, which takes about ${gibibytes(peak(2))}, expected at most ${gibibytes(peak(4))}. Set microbatches to 4: 3 of 12 clips at a time take about ${gibibytes(peak(4))}.`,
    );
  });

  it('is told that none are enough', () => {
    const all = (): void =>
      requireStepMemory({ batch: 12, microbatches: 1 }, planOf(1), info(HABITS), planOf, 1000);
    expect(refusal(all)).toContain('no number of microbatches is enough');
  });

  it('is told to take fewer clips, or more machines, where several processes share it', () => {
    const several = { ...info(HABITS), processes: 3 };
    const step = { batch: 4, microbatches: 1 };
    const told = refusal(() => requireStepMemory(step, planOf(1), several, planOf, 1000));
    expect(told).toMatch(
      /^batch: .* got 12, whose 4 clips of this process .*Raise microbatches, lower the batch,.*more processes/,
    );
  });

  it('is not refused where it fits, nor on a device that does not tell its memory', () => {
    const step = { batch: 12, microbatches: 1 };
    const own = info({ ...HABITS, device: 'own' });
    requireStepMemory(step, planOf(1), info(HABITS), planOf, peak(1));
    requireStepMemory(step, planOf(1), own, planOf, 1000);
  });
});
