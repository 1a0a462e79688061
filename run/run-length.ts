import type { Manifests, ProbeSettings, TaskName } from './manifest.js';

import { runSchedule } from './settings/settings.js';

/** How long the heads of a probe are trained on so many clips. */
export interface ProbeLength {
  /** Clips of a step. */
  readonly batch: number;
  readonly stepsPerEpoch: number;
  readonly steps: number;
}

/** The last clips of an epoch, which fill no batch, are left out of it. */
export function probeLength(
  { batch: most, epochs, steps }: Pick<ProbeSettings, 'batch' | 'epochs' | 'steps'>,
  clips: number,
): ProbeLength {
  const batch = Math.min(most ?? clips, clips);
  const stepsPerEpoch = Math.floor(clips / batch);
  return { batch, stepsPerEpoch, steps: epochs === undefined ? steps : epochs * stepsPerEpoch };
}

/**
 * How many steps a run is to have, of all its stages, and the clips of a step, of its first stage. Of a probe by
 * epochs it is what its list would give: clips that cannot be read make it shorter.
 */
export function runLength(manifest: Manifests[TaskName]): {
  readonly steps: number;
  readonly batch: number;
} {
  const { clips: own, others = [] } = manifest.data;
  const clips = others.reduce((sum, other) => sum + other.clips, own);
  if (manifest.task === 'linear-probe') {
    return probeLength(manifest.settings, Math.max(1, clips));
  }
  const { batch } = manifest.settings;
  const stages = manifest.task === 'finetune' ? undefined : manifest.stages;
  if (stages !== undefined && stages.length > 0) {
    const [first] = manifest.settings.stages ?? [];
    return {
      batch: first?.batch ?? batch,
      steps: stages.reduce((sum, { steps }) => sum + steps, 0),
    };
  }
  return { batch, steps: runSchedule(manifest.settings, clips).totalSteps };
}
