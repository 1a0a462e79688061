import { PlanRunner } from '../core/plan/index.js';
import { CheckpointReader, lastGoodCheckpoint } from '../run/checkpoint.js';
import { tableTensor } from '../run/initialize.js';
import type { LoopOptions } from './loop.js';
import type { Task, TaskBatch } from './task.js';

/** The plan on the backend, with the state of the last good checkpoint or that of the beginning. */
export async function openRunner<B extends TaskBatch>(
  { plan, initial }: Pick<Task<B>, 'plan' | 'initial'>,
  { backend, folder, resumes = false, onEvent }: LoopOptions,
): Promise<{ readonly runner: PlanRunner; readonly doneSteps: number }> {
  const note = (text: string): void => onEvent?.({ kind: 'note', text });
  const isResumed = folder !== undefined && resumes;
  const checkpoint = isResumed
    ? await lastGoodCheckpoint(folder.checkpoints, note, plan.state)
    : undefined;
  const doneSteps = checkpoint?.step ?? 0;
  if (isResumed) {
    await folder.rewind(doneSteps);
    if (checkpoint === undefined)
      note('There is no good checkpoint yet: the run starts from step 0.');
  }
  if (checkpoint === undefined) {
    return { runner: await PlanRunner.open(backend, plan, initial, tableTensor), doneSteps };
  }
  const reader = await CheckpointReader.open(checkpoint);
  try {
    const runner = await PlanRunner.open(backend, plan, (spec) => reader.read(spec), tableTensor);
    return { runner, doneSteps };
  } finally {
    await reader.close();
  }
}
