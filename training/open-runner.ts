import { z } from 'zod';
import type { HostTensor } from '../core/backend.js';
import { ALONE, type ProcessGroup, type Told } from '../core/group.js';
import { PlanRunner } from '../core/plan/index.js';
import { type Checkpoint, CheckpointReader, lastGoodCheckpoint } from '../run/checkpoint.js';
import { tableTensor } from '../run/initialize.js';
import { continueStage } from '../run/stages.js';
import { LacunaError, type StateSpec } from '../spec/index.js';
import type { LoopOptions } from './loop.js';
import { lookFor } from './shared-disk.js';
import type { Task, TaskBatch } from './task.js';

/**
 * The plan on the backend, with the state of the last good checkpoint or that of the beginning. A stage
 * that is not the first begins with what the checkpoint of the one before it has (`continueStage`).
 *
 * @returns How many steps were done, of the stage.
 */
export async function openRunner<B extends TaskBatch>(
  { plan, initial, stage }: Pick<Task<B>, 'plan' | 'initial' | 'stage'>,
  { backend, folder, resumes = false, onEvent, group = ALONE }: LoopOptions,
): Promise<{ readonly runner: PlanRunner; readonly doneSteps: number }> {
  const note = (text: string): void => onEvent?.({ kind: 'note', text });
  const { before = 0, former } = stage ?? {};
  const isResumed = folder !== undefined && (resumes || former !== undefined);
  const state = [...plan.state, ...(former ?? [])];
  const checkpoint = isResumed ? await agreed(group, folder.checkpoints, note, state) : undefined;
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

/** A checkpoint as processes name it to each other. */
const CHECKPOINT: Told<string> = { name: 'checkpoint', parse: (value) => z.string().parse(value) };

/**
 * The last good checkpoint, which is that of process 0.
 *
 * @throws LacunaError where another process does not find the same.
 */
async function agreed(
  group: ProcessGroup,
  folder: string,
  note: (text: string) => void,
  state: readonly StateSpec[],
): Promise<Checkpoint | undefined> {
  let own = await lastGoodCheckpoint(folder, note, state);
  const [first] = await group.gather(CHECKPOINT, nameOf(own));
  if (nameOf(own) !== first) {
    const look = (): Promise<Checkpoint | undefined> => lastGoodCheckpoint(folder, () => {}, state);
    own = await lookFor(look, (found) => nameOf(found) === first);
  }
  const all = await group.gather(CHECKPOINT, nameOf(own));
  const other = all.findIndex((each) => each !== first);
  if (other === -1) return own;
  throw new LacunaError({
    where: folder,
    what: 'the processes would go on from different checkpoints',
    got: `${first} in process 0, ${all[other]} in process ${other}`,
    fix: 'Let all of them see one folder, on a disk that they share.',
  });
}

function nameOf(checkpoint: Checkpoint | undefined): string {
  if (checkpoint === undefined) return 'none';
  return `step ${checkpoint.step} (${checkpoint.digest.slice(0, 12)})`;
}
