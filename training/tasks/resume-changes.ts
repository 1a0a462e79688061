import type { DataDigest, RunManifest, StageRecord } from '../../run/manifest.js';
import type { GivenPaths } from '../../run/run-paths.js';
import type { RunSettings } from '../../run/settings/config.js';
import type { ScheduleConfig } from '../../run/settings/schedule.js';
import { runSchedule } from '../../run/settings/settings.js';
import { LacunaError } from '../../spec/index.js';

/** What may differ in a run that goes on: where its data lie, how long it is, who decodes. */
export interface ResumeChanges {
  readonly paths?: GivenPaths;
  /** The whole length of the run, what is done included: in steps, or in epochs. */
  readonly steps?: number;
  readonly epochs?: number;
  readonly workers?: number;
}

/**
 * The manifest of a run that goes on, made longer where that is asked for. The learning rate follows
 * the longer schedule from here on: it is not what a run of that length would have had from its start.
 *
 * @throws LacunaError for a run that would become shorter.
 */
export function changedManifest(
  manifest: RunManifest,
  { steps, epochs }: Pick<ResumeChanges, 'steps' | 'epochs'>,
): RunManifest {
  if (steps === undefined && epochs === undefined) return manifest;
  const { settings, data, stages } = manifest;
  const length = steps === undefined ? { epochs: epochs ?? 1 } : { steps };
  const fromSteps = stages?.reduce((sum, stage) => sum + stage.steps, 0) ?? stepsOf(settings, data);
  const longer: RunSettings =
    stages === undefined
      ? { ...settings, schedule: { ...rates(settings), ...length } }
      : longerStage(settings, stages, length);
  const toSteps = stages === undefined ? stepsOf(longer, data) : (steps ?? fromSteps);
  if (toSteps === fromSteps) return manifest;
  if (toSteps < fromSteps) {
    throw new LacunaError({
      where: steps === undefined ? '--epochs' : '--steps',
      what: 'a run that goes on can be made longer, not shorter',
      got: `${toSteps} steps`,
      expected: `at least ${fromSteps}`,
      fix: 'Leave it out, or begin a new run.',
    });
  }
  return {
    ...manifest,
    settings: longer,
    ...(stages === undefined ? {} : { stages: longerRecords(stages, toSteps - fromSteps) }),
    extended: [...(manifest.extended ?? []), { fromSteps, toSteps }],
  };
}

function rates({
  schedule,
}: Pick<RunSettings, 'schedule'>): Omit<ScheduleConfig, 'steps' | 'epochs'> {
  const { steps: _, epochs: __, ...rest } = schedule;
  return rest;
}

/** Steps of a run without stages. */
function stepsOf(settings: RunSettings, { clips, others = [] }: DataDigest): number {
  const all = others.reduce((sum, other) => sum + other.clips, clips);
  return runSchedule(settings, all).totalSteps;
}

/** The last stage is made longer; how long the whole run is, is said in steps. */
function longerStage(
  { stages = [], ...settings }: RunSettings,
  records: readonly StageRecord[],
  { steps }: { readonly steps?: number },
): RunSettings {
  if (steps === undefined) {
    throw new LacunaError({
      where: '--epochs',
      what: 'the epochs of stages are not the same, so this says no length of the whole run',
      fix: 'Say it in steps, those of all stages together: --steps.',
    });
  }
  const before = records.slice(0, -1).reduce((sum, stage) => sum + stage.steps, 0);
  const longer = stages.map((stage, index) =>
    index < stages.length - 1
      ? stage
      : { ...stage, schedule: { ...rates(stage), steps: steps - before } },
  );
  return { ...settings, stages: longer };
}

function longerRecords(records: readonly StageRecord[], more: number): readonly StageRecord[] {
  const last = records.length - 1;
  return records.map((each, index) =>
    index < last ? each : { ...each, steps: each.steps + more },
  );
}
