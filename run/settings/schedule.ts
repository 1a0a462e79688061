import { z } from 'zod';
import { LacunaError } from '../../spec/errors.js';
import type { Preset } from '../../spec/model/presets.js';
import {
  type Decay,
  type RateSchedule,
  scaleLearningRate,
  WARMUPS,
  type Warmup,
} from '../../spec/optim/schedule.js';
import { count, countOrZero, type Overrides, rate, refuse, steps } from './section.js';

/** The run's length and its learning rate; both rates are for a global batch of 256. */
export interface ScheduleConfig {
  readonly baseLearningRate: number;
  readonly minimumLearningRate: number;
  /** How long the run is: in epochs, or in steps. */
  readonly epochs?: number;
  readonly steps?: number;
  /**
   * How long the warm-up is. @defaultValue in epochs: the preset's, at most a fifth of the run; where the
   * run is in steps, the preset's share of it
   */
  readonly warmupEpochs?: number;
  readonly warmupSteps?: number;
  /** See `RateSchedule`. */
  readonly warmup: Warmup;
  /** How the rate falls after the warm-up. Manifests of before there was a choice have none: cosine. */
  readonly decay: Decay;
}

/** What a person writes of it: a decay is replaced as a whole, since its kinds differ in keys. */
export type ScheduleOverrides = Overrides<Omit<ScheduleConfig, 'decay'>> & {
  readonly decay?: Decay;
};

/** A warm-up of the preset's epochs, however long the run is, unless that were more than this share. */
const MOST_WARMUP = 1 / 5;

const drop = z.number().gt(0).lt(1);
const decay: z.ZodType<Decay> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cosine') }),
  z.strictObject({ kind: z.literal('steps'), at: z.array(drop).min(1).max(1000), factor: drop }),
]);

export const SCHEDULE_SCHEMA: z.ZodType<ScheduleOverrides> = z.strictObject({
  baseLearningRate: rate.exactOptional(),
  minimumLearningRate: rate.exactOptional(),
  epochs: count.exactOptional(),
  steps: steps.exactOptional(),
  warmupEpochs: countOrZero.exactOptional(),
  warmupSteps: z.int().min(0).max(1e9).exactOptional(),
  warmup: z.enum(WARMUPS).exactOptional(),
  decay: decay.exactOptional(),
});

/** @throws LacunaError for a length that is said twice, and rates that are the wrong way round. */
export function resolveSchedule(
  own: ScheduleOverrides | undefined = {},
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
        : { warmupEpochs: Math.min(warmupEpochs, Math.round(MOST_WARMUP * length.epochs)) };
  const schedule: ScheduleConfig = {
    baseLearningRate,
    // An explicit peak below the preset's floor means no floor.
    minimumLearningRate:
      own.baseLearningRate === undefined || own.baseLearningRate >= minimumLearningRate
        ? minimumLearningRate
        : 0,
    warmup: 'videomae',
    decay: preset.schedule.decay ?? { kind: 'cosine' },
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
): RateSchedule {
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
    decay: schedule.decay,
  };
}

function refuseBoth(own: object, a: string, b: string): void {
  refuse(a in own && b in own, `schedule.${b}`, 'both', {
    what: `${a} and ${b} exclude each other`,
    fix: 'Remove one of them.',
  });
}
