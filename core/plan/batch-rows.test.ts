import { describe, expect, it } from 'vitest';
import { maskCounts } from '../../spec/index.js';
import { requireSplit, rowInputs } from './batch-rows.js';
import { trainingPlan } from './training-plan.js';

const config = {
  video: { frames: 2, size: 16, tubelet: 2, patch: 8 },
  encoder: { width: 8, depth: 1, heads: 2 },
  mae: { decoder: { width: 8, depth: 1, heads: 2 } },
};
const { visible } = maskCounts({ kind: 'tube', ratio: 0.5 }, { slots: 1, rows: 2, columns: 2 });

describe('the rows of a batch', () => {
  it('are what a step is fed of its clips', () => {
    const { programs, batch } = trainingPlan(config, { batch: 6, visible });
    const { step } = programs;
    expect(batch).toBe(6);
    expect(step === undefined ? [] : rowInputs(step, 6)).toEqual(['frames', 'visible', 'masked']);
    expect(step === undefined ? [] : rowInputs(step, 6, new Set(['frames']))).toEqual([
      'visible',
      'masked',
    ]);
  });

  it('are as many for each device, or are refused', () => {
    expect(() => requireSplit({ batch: 6 }, {})).not.toThrow();
    expect(() => requireSplit({ batch: 8, microbatches: 2 }, { devices: 4 })).not.toThrow();
    expect(() => requireSplit({ batch: 6 }, { devices: 4 })).toThrow(
      '--batch: the batch does not divide by the devices; got 6 clips for 4 devices. Take a multiple of 4 (--batch).',
    );
    expect(() => requireSplit({ batch: 12, microbatches: 2 }, { devices: 4 })).toThrow(
      'got 12 clips in 2 parts for 4 devices. Take a multiple of 8',
    );
  });
});
