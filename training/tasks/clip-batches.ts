import {
  type ClipBatch,
  ClipLoader,
  type ClipSampling,
  type ClipSource,
} from '../../data/index.js';
import type { RunLists } from '../../run/run-list.js';
import type { RunSettings } from '../../run/settings/config.js';
import type { Task, TaskBatch } from '../task.js';

/** A batch of clips as the loader made it. */
export interface LoadedBatch extends TaskBatch {
  readonly clips: ClipBatch;
}

/**
 * The batches of a run's lists, decoded ahead.
 *
 * @param repeats Augmentations of each clip. @defaultValue 1
 */
export function clipBatches(
  { seed, batch, data }: Pick<RunSettings, 'seed' | 'batch' | 'data'>,
  { list: { records }, sources }: RunLists,
  sampling: ClipSampling,
  repeats: number = 1,
): Task<LoadedBatch>['batches'] {
  const [main, ...others] = sources as [ClipSource, ...ClipSource[]];
  const stepsPerEpoch = Math.floor(records.length / batch);
  return async (doneSteps) => {
    const loader = await ClipLoader.open({
      ...main,
      others,
      ...(data.mixing === undefined ? {} : { mixing: data.mixing }),
      sampling,
      seed,
      batchSize: batch,
      repeats,
      workers: data.workers ?? 2,
      start: { epoch: Math.floor(doneSteps / stepsPerEpoch), step: doneSteps % stepsPerEpoch },
    });
    return {
      close: () => loader.close(),
      next: async () => {
        const clips = await loader.next();
        const { epoch, skipped, incomplete, samples } = clips;
        const used = incomplete.map((problem) => ({ ...problem, used: true }) as const);
        const problems = [...skipped, ...used];
        return { clips, epoch, problems, ids: samples.map(({ record }) => record.id) };
      },
    };
  };
}
