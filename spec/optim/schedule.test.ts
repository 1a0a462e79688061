import { describe, expect, it } from 'vitest';
import { biasCorrection, learningRate, type RateSchedule, scaleLearningRate } from './schedule.js';

/** VideoMAE's cosine_scheduler, line by line, with the engine's cosine. */
function videoMaeSchedule(peak: number, minimum: number, total: number, warmup: number): number[] {
  const rates: number[] = [];
  for (let i = 0; i < warmup; i++) {
    const step = warmup > 1 ? peak / (warmup - 1) : Number.NaN;
    rates.push(i === 0 ? 0 : i === warmup - 1 ? peak : i * step);
  }
  const rest = total - warmup;
  for (let i = 0; i < rest; i++) {
    rates.push(minimum + 0.5 * (peak - minimum) * (1 + Math.cos((Math.PI * i) / rest)));
  }
  return rates;
}

const all = (schedule: RateSchedule): number[] =>
  Array.from({ length: schedule.totalSteps }, (_, step) => learningRate(schedule, step));

describe('learningRate', () => {
  it.each([
    [3e-4, 1e-5, 40, 10],
    [1.2e-3, 0, 7, 0],
    [1.2e-3, 8e-5, 101, 1],
    [0.1, 0.1, 9, 3],
    [5e-4, 1e-6, 5, 5],
    [5e-4, 1e-6, 1, 0],
  ])(
    'is VideoMAE for peak %d, minimum %d, %i steps of which %i warm up',
    (peak, minimum, totalSteps, warmupSteps) => {
      const rates = all({ peak, minimum, warmupSteps, totalSteps });
      const source = videoMaeSchedule(peak, minimum, totalSteps, warmupSteps);
      for (const [step, rate] of rates.entries()) {
        const want = source[step] as number;
        expect(rate).toBe(Math.fround(rate));
        expect(Math.abs(rate - want)).toBeLessThanOrEqual(2 ** -24 * want);
      }
    },
  );

  it('starts at 0, holds the peak for two steps and ends above the minimum', () => {
    const schedule = { peak: 0.5, minimum: 0.125, warmupSteps: 5, totalSteps: 13 };
    expect(all(schedule).slice(0, 7)).toEqual([
      0, 0.125, 0.25, 0.375, 0.5, 0.5, 0.4857273995876312,
    ]);
    expect(learningRate(schedule, 9)).toBe(0.3125);
    expect(learningRate(schedule, 12)).toBeGreaterThan(0.125);
  });

  it('gives a warm-up of one step the rate 0, and none without a warm-up', () => {
    expect(learningRate({ peak: 1, warmupSteps: 1, totalSteps: 4 }, 0)).toBe(0);
    expect(learningRate({ peak: 1, warmupSteps: 1, totalSteps: 4 }, 1)).toBe(1);
    expect(learningRate({ peak: 1, warmupSteps: 0, totalSteps: 4 }, 0)).toBe(1);
  });

  it('falls by steps at epochs 6 and 8 of 10, as MCQ has it, and not below the minimum', () => {
    const decay = { kind: 'steps', at: [0.6, 0.8], factor: 0.1 } as const;
    const schedule = { peak: 3e-5, warmupSteps: 0, totalSteps: 70, decay };
    const rates = all(schedule);
    const want = [3e-5, 3e-5 * 0.1, 3e-5 * 0.1 * 0.1].map(Math.fround);
    expect(rates.slice(0, 42)).toEqual(Array(42).fill(want[0]));
    expect(rates.slice(42, 56)).toEqual(Array(14).fill(want[1]));
    expect(rates.slice(56)).toEqual(Array(14).fill(want[2]));
    expect(all({ ...schedule, minimum: 1e-6 }).at(-1)).toBe(Math.fround(1e-6));
    expect(all({ ...schedule, warmupSteps: 3 }).slice(0, 4)).toEqual(
      [0, 1.5e-5, 3e-5, 3e-5].map(Math.fround),
    );
  });

  it('reaches the peak only after the warm-up in the MAE form', () => {
    const schedule = { peak: 1, warmupSteps: 4, totalSteps: 8, warmup: 'mae' } as const;
    expect(all(schedule).slice(0, 5)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(all(schedule).slice(4)).toEqual(all({ ...schedule, warmup: 'videomae' }).slice(4));
  });

  it('refuses a step outside the run and schedules that make no sense', () => {
    const schedule = { peak: 1, warmupSteps: 2, totalSteps: 4 };
    for (const step of [-1, 4, 0.5, Number.NaN]) {
      expect(() => learningRate(schedule, step)).toThrow(/step is outside/);
    }
    expect(() => learningRate({ ...schedule, warmupSteps: 5 }, 0)).toThrow(/5 warm-up steps of 4/);
    expect(() => learningRate({ ...schedule, totalSteps: 0, warmupSteps: 0 }, 0)).toThrow(/steps/);
    expect(() => learningRate({ ...schedule, minimum: 2 }, 0)).toThrow(/minimum 2/);
    expect(() => learningRate({ ...schedule, peak: Number.NaN }, 0)).toThrow(/peak NaN/);
  });
});

it('scales the base rate with the global batch, 256 being neutral', () => {
  expect(scaleLearningRate(1.5e-4, 256)).toBe(1.5e-4);
  expect(scaleLearningRate(1.5e-4, 512)).toBe(3e-4);
  expect(scaleLearningRate(1, 1)).toBe(1 / 256);
});

describe('biasCorrection', () => {
  it('is 1 - beta^t as a float32', () => {
    for (const beta of [0, 0.9, 0.95, 0.999]) {
      for (const t of [1, 2, 3, 10, 999, 100_000]) {
        const correction = biasCorrection(beta, t);
        expect(correction).toBe(Math.fround(correction));
        expect(Math.abs(correction / (1 - beta ** t) - 1)).toBeLessThan(2 ** -23);
      }
    }
  });

  it('keeps its values', () => {
    expect([1, 2, 3].map((t) => biasCorrection(0.95, t))).toEqual(
      [0.05, 0.0975, 0.142625].map(Math.fround),
    );
  });

  it.each([
    [1, 1],
    [-0.1, 1],
    [0.9, 0],
    [0.9, 1.5],
  ])('refuses beta %d with t %d', (beta, t) => {
    expect(() => biasCorrection(beta, t)).toThrow(/bias correction/);
  });
});
