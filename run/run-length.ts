import type { Manifests, TaskName } from './manifest.js';
import { runSchedule } from './settings/settings.js';

/**
 * How many steps a run is to have, of all its stages, and the clips of a step, of its first stage. Of a probe
 * the clips are those that can be learned from, so that its last steps may be fewer.
 */
export function runLength(manifest: Manifests[TaskName]): {
  readonly steps: number;
  readonly batch: number;
} {
  const { clips: own, others = [] } = manifest.data;
  const clips = others.reduce((sum, other) => sum + other.clips, own);
  if (manifest.task === 'linear-probe') {
    const { steps, epochs, batch: most = clips } = manifest.settings;
    const batch = Math.max(1, Math.min(most, clips));
    return { batch, steps: epochs === undefined ? steps : epochs * Math.floor(clips / batch) };
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
