import type { RunManifest } from '../../run/manifest.js';
import type { GivenPaths } from '../../run/run-paths.js';
import type { RunSettings } from '../../run/settings/config.js';
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
  const { settings, data } = manifest;
  const { steps: _, epochs: __, ...rates } = settings.schedule;
  const length = steps === undefined ? { epochs: epochs ?? 1 } : { steps };
  const longer: RunSettings = { ...settings, schedule: { ...rates, ...length } };
  const fromSteps = runSchedule(settings, data.clips).totalSteps;
  const toSteps = runSchedule(longer, data.clips).totalSteps;
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
    extended: [...(manifest.extended ?? []), { fromSteps, toSteps }],
  };
}
