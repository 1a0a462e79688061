import { join } from 'node:path';
import { sha256 } from '../../../core/sha256.js';
import { drawDemoData } from '../../../data/index.js';
import { beginText, vocabularyOf } from '../../../run/feeds/run-text.js';
import { initialTensor } from '../../../run/initialize.js';
import { readRunLists } from '../../../run/run-list.js';
import { pretrainingPlan, pretrainingTask } from '../../../training/tasks/pretraining-task.js';
import { type RunOptions, runSettings } from '../run-options.js';

/** Steps that are compared. */
const STEPS = 4;

/** What a run is given by its first steps, as digests: in a browser they must be those of Node, to the bit. */
export interface StepDraws {
  /** Of all parameters as they begin. */
  readonly initial: string;
  /** Of each step the samples, and the digest of each thing that it is fed: frames, masks, words. */
  readonly steps: readonly {
    readonly samples: readonly string[];
    readonly feeds: Readonly<Record<string, string>>;
  }[];
}

/** @param folder A new one, in which the clips are drawn. */
export async function stepDraws(options: RunOptions, folder: string): Promise<StepDraws> {
  const { clips: trainClips, heldOut: testClips } = options;
  const { trainList: list } = await drawDemoData(join(folder, 'data'), { trainClips, testClips });
  const { evaluation: _, ...own } = runSettings(options);
  const settings = { ...own, data: { ...own.data, list } };
  const lists = await readRunLists(settings, () => {});
  const { side } = await beginText(settings, lists.list, { onNote: () => {} });
  const plan = pretrainingPlan(settings, vocabularyOf(side));
  const initial = plan.state.map((spec) => digestOf(initialTensor(spec, settings.seed).data));
  const task = pretrainingTask(settings, lists, {
    ...{ text: side, guide: undefined, plan, evaluation: undefined },
    initial: { read: async (spec) => initialTensor(spec, settings.seed) },
  });
  const batches = await task.batches(0);
  const found: StepDraws['steps'][number][] = [];
  for (let step = 0; step < STEPS; step++) {
    const batch = await batches.next();
    const feeds = Object.entries(await task.feeds(batch));
    found.push({
      samples: batch.ids,
      feeds: Object.fromEntries(feeds.map(([name, { data }]) => [name, digestOf(data)])),
    });
  }
  await batches.close();
  return { initial: sha256(initial.join('\n')), steps: found };
}

function digestOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return sha256(new Uint8Array(buffer, byteOffset, byteLength));
}
