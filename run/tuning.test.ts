import { describe, expect, it } from 'vitest';
import { PRESETS } from '../spec/index.js';
import type { RunSettings } from './settings/config.js';
import { parseConfig } from './settings/parse-config.js';
import { resolveSettings } from './settings/settings.js';
import { TUNING_NAMES, TUNINGS, tuningConfig } from './tuning.js';

function settings(more: object): RunSettings {
  return resolveSettings(parseConfig({ data: { list: 'a.jsonl' }, output: 'x', ...more }));
}

function tuned(masked: RunSettings, name: (typeof TUNING_NAMES)[number]): RunSettings {
  const config = tuningConfig(masked, TUNINGS[name]);
  return resolveSettings(parseConfig({ ...config, data: { list: 'b.jsonl' }, output: 'y' }));
}

describe('a tuning', () => {
  it.each(['mac-vitb', 'tiny-mac', 'demo'] as const)(
    'of %s masks nothing and keeps the model',
    (preset) => {
      for (const name of TUNING_NAMES) {
        const masked = settings({ preset, encoder: { init: 'first' }, batch: 8 });
        const run = tuned(masked, name);
        const { baseLearningRate } = PRESETS[preset].schedule;
        expect(run).toMatchObject({ mask: { ratio: 0 }, textMask: { ratio: 0 }, batch: 8 });
        expect(run.clip.frames).toBe(masked.clip.frames * TUNINGS[name].frames);
        expect(run.schedule.baseLearningRate).toBeCloseTo(
          baseLearningRate * TUNINGS[name].rate,
          15,
        );
        expect(run.encoder).toEqual({ ...masked.encoder, init: undefined });
        expect([run.optimizer, run.text]).toEqual([masked.optimizer, masked.text]);
      }
    },
  );

  it("has FLIP's numbers for a run of FLIP's: 4e-8, 100 of 10,000 epochs, 20 of them warm-up", () => {
    const schedule = { baseLearningRate: 4e-6, epochs: 10_000 };
    const run = tuned(settings({ preset: 'mac-vitb', schedule }), 'flip');
    expect(run.schedule).toMatchObject({ epochs: 100, warmupEpochs: 20, minimumLearningRate: 0 });
    expect(run.schedule.baseLearningRate).toBeCloseTo(4e-8, 20);
    const steps = tuned(settings({ preset: 'demo', schedule: { steps: 1000 } }), 'flip');
    expect(steps.schedule).toMatchObject({ steps: 10, warmupSteps: 2 });
  });

  it('of a run with both losses aligns alone, and one without alignment is refused', () => {
    expect(tuned(settings({ preset: 'tiny-mae' }), 'retrieval').objective).toBe('contrastive');
    const mae = settings({ preset: 'tiny-mae', objective: 'mae' });
    expect(() => tuningConfig(mae, TUNINGS.flip)).toThrow(
      /aligned with text; got the objective mae/,
    );
  });
});
