import { z } from 'zod';
import { LacunaError } from '../../spec/errors.js';
import type { Preset } from '../../spec/model/presets.js';
import {
  scaleLearningRate,
  WARMUPS,
  type Warmup,
  type WarmupCosine,
} from '../../spec/optim/schedule.js';
import { count, countOrZero, type Overrides, rate, refuse, steps } from './section.js';

/** The run's length and its learning rate; both rates are for a global batch of 256. */
export interface ScheduleConfig {
  readonly baseLearningRate: number;
  readonly minimumLearningRate: number;
  /** How long the run is: in epochs, or in steps. */
  readonly epochs?: number;
  readonly steps?: number;
  /** How long the warm-up is. @defaultValue the preset's share of the run */
  readonly warmupEpochs?: number;
  readonly warmupSteps?: number;
  /** See `WarmupCosine`. */
  readonly warmup: Warmup;
}

export const SCHEDULE_SCHEMA: z.ZodType<Overrides<ScheduleConfig>> = z.strictObject({
  baseLearningRate: rate.exactOptional(),
  minimumLearningRate: rate.exactOptional(),
  epochs: count.exactOptional(),
  steps: steps.exactOptional(),
  warmupEpochs: countOrZero.exactOptional(),
  warmupSteps: z.int().min(0).max(1e9).exactOptional(),
  warmup: z.enum(WARMUPS).exactOptional(),
});

/** @throws LacunaError for a length that is said twice, and rates that are the wrong way round. */
export function resolveSchedule(
  own: Overrides<ScheduleConfig> | undefined = {},
  preset: Preset,
): ScheduleConfig {
  const { baseLearningRate, minimumLearningRate, epochs, warmupEpochs } = preset.schedule;
  refuseBoth(own, 'epochs', 'steps');
  refuseBoth(own, 'warmupEpochs', 'warmupSteps');
  const length = own.steps === undefined ? { epochs: own.epochs ?? epochs } : { steps: own.steps };
  const share = warmupEpochs / epochs;
  const warmup =
    own.warmupEpochs !== undefined || own.warmupSteps !== undefined
      ? {}
      : 'steps' in length
        ? { warmupSteps: Math.round(share * length.steps) }
        : { warmupEpochs: Math.round(share * length.epochs) };
  const schedule: ScheduleConfig = {
    baseLearningRate,
    // An explicit peak below the preset's floor means no floor.
    minimumLearningRate:
      own.baseLearningRate === undefined || own.baseLearningRate >= minimumLearningRate
        ? minimumLearningRate
        : 0,
    warmup: 'videomae',
    ...warmup,
    ...own,
    ...length,
  };
  const { minimumLearningRate: lowest, baseLearningRate: highest } = schedule;
  refuse(lowest > highest, 'schedule.minimumLearningRate', `${lowest}`, {
    what: 'the lowest learning rate is above the highest',
    expected: `at most schedule.baseLearningRate, ${highest}`,
  });
  return schedule;
}

/**
 * The schedule of a run over a list of clips: an epoch has floor(clips / B) steps.
 * @throws LacunaError for fewer clips than a batch has, and a warm-up that is longer than the run.
 */
export function runSchedule(
  { batch, schedule }: { readonly batch: number; readonly schedule: ScheduleConfig },
  clips: number,
): WarmupCosine {
  const stepsPerEpoch = Math.floor(clips / batch);
  if (stepsPerEpoch < 1) {
    throw new LacunaError({
      what: 'there are fewer clips than a batch has',
      where: 'batch',
      got: `${clips} clips for a batch of ${batch}`,
      fix: 'Lower "batch", or list more clips.',
    });
  }
  const { epochs = 1, steps: totalSteps = epochs * stepsPerEpoch } = schedule;
  const { warmupEpochs = 0, warmupSteps = warmupEpochs * stepsPerEpoch } = schedule;
  if (warmupSteps > totalSteps) {
    throw new LacunaError({
      what: 'the warm-up is longer than the run',
      where: schedule.warmupSteps === undefined ? 'schedule.warmupEpochs' : 'schedule.warmupSteps',
      got: `${warmupSteps} of ${totalSteps} steps`,
      fix: 'Shorten the warm-up, or leave it out: it then takes its usual share of the run.',
    });
  }
  return {
    peak: scaleLearningRate(schedule.baseLearningRate, batch),
    minimum: scaleLearningRate(schedule.minimumLearningRate, batch),
    warmupSteps,
    totalSteps,
    warmup: schedule.warmup,
  };
}

function refuseBoth(own: object, a: string, b: string): void {
  refuse(a in own && b in own, `schedule.${b}`, 'both', {
    what: `${a} and ${b} exclude each other`,
    fix: 'Remove one of them.',
  });
}
