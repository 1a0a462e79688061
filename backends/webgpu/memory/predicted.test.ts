import { describe, expect, it } from 'vitest';
import { planMemory as predict } from '../../../core/measure/plan-memory.js';
import { problemNamed } from '../../../core/measure/problem.js';
import { trainingPlan } from '../../../core/plan/index.js';
import { DEFAULT_LIMITS } from '../lowering/kernel.js';
import { partBytes } from '../lowering/kernel-source.js';
import { HARDWARE } from '../lowering/kernels/tiling.js';
import { lower, sizesOf } from '../lowering/lower.js';
import { MEMORY_HABITS, planMemory } from './memory-plan.js';

const LIMITS = { ...DEFAULT_LIMITS, bindingBytes: 2 ** 31 };

/** The bytes of all buffers that a plan's programs lower to. */
function exactBytes({ programs, state, scratch }: ReturnType<typeof trainingPlan>): number {
  const kept = new Set([...state, ...scratch].map(({ name }) => name));
  let total = 0;
  for (const program of Object.values(programs)) {
    const replaced = new Set(program.outputs.map(({ name }) => name));
    const donated = program.inputs.filter(({ name }) => kept.has(name) && replaced.has(name));
    const lowered = lower(program, {
      limits: LIMITS,
      tiling: HARDWARE,
      fuse: true,
      subgroups: false,
      factors: 'f32',
      matrixUnit: undefined,
      donate: Object.fromEntries(donated.map(({ name }) => [name, name])),
    });
    const sizes = sizesOf(lowered, LIMITS);
    const elsewhere = new Set([
      ...program.inputs.map(({ name }) => name),
      ...lowered.literals.keys(),
      ...lowered.outputs,
    ]);
    const { buffers } = planMemory(lowered.kernels, (name) =>
      elsewhere.has(name) ? undefined : partBytes(sizes, name),
    );
    total += buffers.reduce((sum, bytes) => sum + bytes, 0);
  }
  return total;
}

describe('the memory between kernels of a step in parts', () => {
  it.each([
    ['small', 392],
    ['base', 160],
    ['base', 632],
  ])(
    'is as predicted, within 20 %: %s with %i visible tokens',
    (size, visible) => {
      const { config } = problemNamed(size);
      const plan = trainingPlan(config, { batch: 8, visible }, { microbatches: 4 });
      const ratio = exactBytes(plan) / predict(plan, MEMORY_HABITS).between;
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.2);
    },
    120_000,
  );
});
