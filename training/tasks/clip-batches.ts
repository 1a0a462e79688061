import { z } from 'zod';
import { ALONE, type ProcessGroup, type Told } from '../../core/group.js';
import {
  type ClipBatch,
  ClipLoader,
  type ClipSampling,
  type ClipSource,
} from '../../data/index.js';
import type { RunLists } from '../../run/run-list.js';
import type { RunSettings } from '../../run/settings/config.js';
import type { Task, TaskBatch } from '../task.js';

/** A batch of clips as the loader made it: where several processes share it, this one's rows, with the ids of all. */
export interface LoadedBatch extends TaskBatch {
  readonly clips: ClipBatch;
  /** What the captions of all its rows are, where a step needs them. */
  readonly captions: readonly string[];
  /** Where the motion of its rows was taken from, of those whose masks are guided by it. */
  readonly motion: readonly string[];
}

/** What each process tells of its rows. */
type OwnRows = Pick<LoadedBatch, 'ids' | 'problems' | 'captions' | 'motion'>;
const texts = z.array(z.string()).readonly();
const PROBLEM = z.strictObject({
  id: z.string(),
  reason: z.string(),
  used: z.literal(true).exactOptional(),
});
const OWN_ROWS: z.ZodType<OwnRows> = z.strictObject({
  ids: texts,
  problems: z.array(PROBLEM).readonly(),
  captions: texts,
  motion: texts,
});
const ROWS: Told<OwnRows> = { name: 'rows', parse: (value) => OWN_ROWS.parse(value) };

/** How batches are made, beside what the settings say. */
interface BatchOptions {
  /** Augmentations of each clip. @defaultValue 1 */
  readonly repeats?: number;
  /** Processes that each take as many rows of a batch. @defaultValue this one alone */
  readonly group?: ProcessGroup | undefined;
  /** The captions of clips, where a step needs those of all rows. @defaultValue none */
  readonly captions?: (clips: ClipBatch) => readonly string[];
}

/** The batches of a run's lists, decoded ahead. */
export function clipBatches(
  { seed, batch, data }: Pick<RunSettings, 'seed' | 'batch' | 'data'>,
  { list: { records }, sources }: RunLists,
  sampling: ClipSampling,
  { repeats = 1, group = ALONE, captions: captionsOf = () => [] }: BatchOptions = {},
): Task<LoadedBatch>['batches'] {
  const [main, ...others] = sources as [ClipSource, ...ClipSource[]];
  const rows = { first: (batch / group.size) * group.index, count: batch / group.size };
  const stepsPerEpoch = Math.floor(records.length / batch);
  return async (doneSteps) => {
    const loader = await ClipLoader.open({
      ...main,
      others,
      ...(data.mixing === undefined ? {} : { mixing: data.mixing }),
      sampling,
      seed,
      batchSize: batch,
      rows,
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
        const ids = samples.map(({ record }) => record.id);
        const motion = samples.flatMap((sample) => sample.motion?.source ?? []);
        const own = { ids, problems, captions: captionsOf(clips), motion };
        const all = await group.gather(ROWS, own);
        return {
          clips,
          epoch,
          problems: all.flatMap((each) => each.problems),
          ids: all.flatMap((each) => each.ids),
          captions: all.flatMap((each) => each.captions),
          motion: all.flatMap((each) => each.motion),
        };
      },
    };
  };
}
