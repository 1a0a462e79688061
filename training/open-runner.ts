import type { HostTensor } from '../core/backend.js';
import { PlanRunner } from '../core/plan/index.js';
import { CheckpointReader, lastGoodCheckpoint } from '../run/checkpoint.js';
import { tableTensor } from '../run/initialize.js';
import { continueStage } from '../run/stages.js';
import { LacunaError, type StateSpec } from '../spec/index.js';
import type { LoopOptions } from './loop.js';
import type { Task, TaskBatch } from './task.js';

/**
 * The plan on the backend, with the state of the last good checkpoint or that of the beginning. A stage
 * that is not the first begins with what the checkpoint of the one before it has (`continueStage`).
 *
 * @returns How many steps were done, of the stage.
 */
export async function openRunner<B extends TaskBatch>(
  { plan, initial, stage }: Pick<Task<B>, 'plan' | 'initial' | 'stage'>,
  { backend, folder, resumes = false, onEvent }: LoopOptions,
): Promise<{ readonly runner: PlanRunner; readonly doneSteps: number }> {
  const note = (text: string): void => onEvent?.({ kind: 'note', text });
  const { before = 0, former } = stage ?? {};
  const isResumed = folder !== undefined && (resumes || former !== undefined);
  const state = [...plan.state, ...(former ?? [])];
  const checkpoint = isResumed
    ? await lastGoodCheckpoint(folder.checkpoints, note, state)
    : undefined;
  const doneSteps = (checkpoint?.step ?? 0) - before;
  if (former !== undefined && (checkpoint === undefined || doneSteps < 0)) {
    throw new LacunaError({
      where: folder?.checkpoints ?? stage?.name ?? '',
      what: 'a stage begins with the checkpoint of the one before it, and there is none',
      got: checkpoint === undefined ? 'no checkpoint' : `step ${checkpoint.step}`,
      expected: `step ${before}`,
      fix: 'Train in a run folder; where it was damaged, continue it with --resume.',
    });
  }
  if (isResumed) {
    await folder.rewind(before + doneSteps);
    if (checkpoint === undefined)
      note('There is no good checkpoint yet: the run starts from step 0.');
  }
  if (checkpoint === undefined) {
    return { runner: await PlanRunner.open(backend, plan, initial, tableTensor), doneSteps };
  }
  const reader = await CheckpointReader.open(checkpoint);
  try {
    const read = (spec: StateSpec): Promise<HostTensor> => reader.read(spec);
    const begins = former !== undefined && doneSteps === 0;
    const first = begins
      ? (spec: StateSpec) => continueStage(spec, former, read, async (own) => initial(own))
      : read;
    const runner = await PlanRunner.open(backend, plan, first, tableTensor);
    return { runner, doneSteps };
  } finally {
    await reader.close();
  }
}
