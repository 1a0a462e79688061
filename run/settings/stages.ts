import { z } from 'zod';
import { MASK_KINDS } from '../../spec/masking/kinds.js';
import type { Preset } from '../../spec/model/presets.js';
import { CLIP_SCHEMA, type ClipOverrides } from './clip.js';
import type { RunConfig, RunSettings } from './config.js';
import { type DataConfig, STAGE_DATA_SCHEMA } from './data.js';
import { LIST_KEYS } from './list.js';
import { MASK_SCHEMA, TEXT_MASK_SCHEMA } from './mask.js';
import { SCHEDULE_SCHEMA, type ScheduleOverrides } from './schedule.js';
import { refuse } from './section.js';

/** What may differ between the stages of a run: what the model sees, and for how long. */
const STAGE_KEYS = [
  'data',
  'clip',
  'mask',
  'textMask',
  'batch',
  'microbatches',
  'recompute',
  'schedule',
] as const;
type StageKey = (typeof STAGE_KEYS)[number];

/**
 * A stage of a run with every choice made. Stages follow each other in one run: each begins with the
 * weights and statistics that the one before it ended with, and with an optimiser and a schedule of its
 * own (see `continueStage`).
 */
export type StageSettings = Pick<RunSettings, StageKey> & {
  /** What it is called in checkpoints and reports. */
  readonly name: string;
};

/** What a person writes of a stage: what differs from the rest of the configuration. */
export type StageConfig = Omit<Pick<RunConfig, StageKey>, 'data'> & {
  readonly data?: Partial<DataConfig>;
  /** @defaultValue `stage` and its number */
  readonly name?: string;
};

export const STAGES_SCHEMA: z.ZodType<readonly StageConfig[]> = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[\w .-]{1,64}$/)
        .exactOptional(),
      data: STAGE_DATA_SCHEMA.exactOptional(),
      clip: CLIP_SCHEMA.exactOptional(),
      mask: MASK_SCHEMA.exactOptional(),
      textMask: TEXT_MASK_SCHEMA.exactOptional(),
      batch: z.int().min(1).max(65_536).exactOptional(),
      microbatches: z.int().min(1).max(65_536).exactOptional(),
      recompute: z.boolean().exactOptional(),
      schedule: SCHEDULE_SCHEMA.exactOptional(),
    }),
  )
  .max(16);

/**
 * The stages of a run, each as a run of its own would have it: the settings with the stage's sections in
 * place of theirs. A run without stages has one, without a name.
 */
export function stagesOf(settings: RunSettings): readonly (RunSettings & { name?: string })[] {
  const { stages = [], ...rest } = settings;
  return stages.length === 0 ? [rest] : stages.map((stage) => ({ ...rest, ...stage }));
}

/**
 * The stages that a person wrote, or else the preset's, each with every choice made: a stage's keys before
 * those of the configuration, and these before the preset's recipe for the stage.
 *
 * @param resolve The settings of a configuration without stages.
 * @throws LacunaError naming the stage where its values do not fit.
 */
export function resolveStages(
  { stages: own, ...config }: RunConfig,
  preset: Preset,
  resolve: (config: RunConfig, preset: Preset) => RunSettings,
): { readonly stages?: readonly StageSettings[] } {
  if (own === undefined && preset.stages === undefined) return {};
  const base = resolve(config, preset);
  const given: readonly StageConfig[] =
    own ?? (preset.stages ?? []).map(({ recipe: _, ...keys }) => keys);
  const stages = given.map((stage, index): StageSettings => {
    const { recipe } = own === undefined ? (preset.stages?.[index] ?? {}) : {};
    const { name = `stage ${index + 1}` } = stage;
    const settings = resolve(merged(config, stage), { ...preset, ...recipe });
    requireSameModel(base, settings, index);
    const { data, clip, mask, textMask, batch, microbatches, schedule } = settings;
    // A stage that does not say it does as the run.
    const recompute = stage.recompute === undefined ? {} : { recompute: stage.recompute };
    return { name, data, clip, mask, textMask, batch, microbatches, ...recompute, schedule };
  });
  for (const [index, { name }] of stages.entries()) {
    refuse(stages.findIndex((each) => each.name === name) < index, `stages.${index}.name`, name, {
      what: 'two stages have the same name',
    });
  }
  return { stages };
}

/** The configuration with a stage's keys before its own; a choice that says more than one key is taken whole. */
function merged(config: RunConfig, { name: _, ...stage }: StageConfig): RunConfig {
  const { data, mask, schedule, ...others } = stage;
  const sections = Object.entries(others).map(([key, value]) => {
    const usual = config[key as keyof typeof others];
    const isSection = typeof usual === 'object' && typeof value === 'object';
    return [key, isSection ? { ...usual, ...value } : value];
  });
  const sameMask = mask?.kind === undefined || mask.kind === config.mask?.kind;
  return {
    ...config,
    ...Object.fromEntries(sections),
    data: mergedData(config.data, data),
    ...(mask === undefined ? {} : { mask: sameMask ? { ...config.mask, ...mask } : mask }),
    ...(schedule === undefined ? {} : { schedule: mergedSchedule(config.schedule, schedule) }),
  };
}

/** What belongs to a list: `LIST_KEYS`, its weight, and the lists beside it. */
const OF_LIST = new Set([...Object.keys(LIST_KEYS), 'weight', 'others', 'mixing']);

/** A stage with a list of its own has all that belongs to a list by itself, too. */
function mergedData(usual: DataConfig, own: Partial<DataConfig> = {}): DataConfig {
  if (own.list === undefined) return { ...usual, ...own };
  const rest = Object.entries(usual).filter(([key]) => !OF_LIST.has(key));
  return { ...Object.fromEntries(rest), ...own, list: own.list };
}

/** A length, or a warm-up, in steps replaces one in epochs, and the other way round. */
function mergedSchedule(
  usual: ScheduleOverrides | undefined,
  own: ScheduleOverrides,
): ScheduleOverrides {
  const rest: Record<string, unknown> = { ...usual };
  for (const pair of [
    ['epochs', 'steps'],
    ['warmupEpochs', 'warmupSteps'],
  ]) {
    if (pair.some((key) => key in own)) for (const key of pair) delete rest[key];
  }
  return { ...rest, ...own };
}

/** What the weights of all stages must fit, and what a run has once. */
function requireSameModel(base: RunSettings, stage: RunSettings, index: number): void {
  const same = (key: string, a: unknown, b: unknown): void => {
    refuse(JSON.stringify(a) !== JSON.stringify(b), `stages.${index}.${key}`, `${b}`, {
      what: 'all stages of a run have the same model, and this would be another',
      expected: `${a}, as the run has it`,
    });
  };
  const cubes: readonly (keyof ClipOverrides)[] = ['size', 'patch', 'tubelet', 'mean', 'std'];
  for (const key of cubes) same(`clip.${key}`, base.clip[key], stage.clip[key]);
  same('data.tokenizer', base.data.tokenizer, stage.data.tokenizer);
  const { kind, motion } = stage.mask;
  const needs = MASK_KINDS[kind].map === 'similarity' || motion?.raft !== undefined;
  refuse(needs, `stages.${index}.mask.kind`, `"${kind}"`, {
    what: 'a mask that needs stored maps, or a model of optical flow, cannot be a part of a run of stages',
    fix: 'Choose another mask, or train the stages as runs of their own: --init takes the weights of a run.',
  });
}
