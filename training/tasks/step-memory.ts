import { totalmem } from 'node:os';
import type { BackendInfo } from '../../core/backend.js';
import { gibibytes } from '../../core/gibibytes.js';
import { planMemory } from '../../core/measure/plan-memory.js';
import type { Plan } from '../../core/plan/index.js';
import type { RunSettings } from '../../run/settings/config.js';
import { refuse } from '../../run/settings/section.js';
import { fewestParts } from '../fewest-parts.js';

/**
 * Refuses a step that this machine cannot hold by the arithmetic of `planMemory`, before a run begins,
 * and names the fewest microbatches with which it can. A device with a memory of its own does not
 * tell how much it has, so that nothing is refused there; what a process needs beside the step is not
 * counted, so that less than all of the memory may be too little, too. Of several processes each is judged by the clips that
 * it has of a batch.
 *
 * @param planOf The plan of the same step in so many microbatches.
 * @param available Bytes. @defaultValue the memory of this machine
 * @throws LacunaError at `microbatches`, or at `batch` where there are several processes.
 */
export function requireStepMemory(
  { batch, microbatches }: Pick<RunSettings, 'batch' | 'microbatches'>,
  plan: Plan,
  { memory, processes = 1 }: BackendInfo,
  planOf: (microbatches: number) => Plan,
  available: number = totalmem(),
): void {
  if (memory === undefined || memory.device !== 'machine') return;
  const needed = planMemory(plan, memory).peak;
  if (needed <= available) return;
  const facts = {
    what: 'a step of this batch does not fit into the memory of this machine',
    expected: `at most ${gibibytes(available)}`,
  };
  if (processes > 1) {
    const own = `${batch * processes}, whose ${batch} clips of this process take about`;
    refuse(true, 'batch', `${own} ${gibibytes(needed)}`, {
      ...facts,
      fix: 'Raise microbatches, lower the batch, the size of the model or the size of a clip, or start more processes, on more machines.',
    });
  }
  const peakOf = (parts: number): number => planMemory(planOf(parts), memory).peak;
  const fit = fewestParts(batch, peakOf, available, microbatches + 1);
  refuse(true, 'microbatches', `${microbatches}, which takes about ${gibibytes(needed)}`, {
    ...facts,
    fix:
      fit === undefined
        ? 'Lower the size of the model, the size of a clip, or the batch: no number of microbatches is enough.'
        : `Set microbatches to ${fit.parts}: ${batch / fit.parts} of ${batch} clips at a time take about ${gibibytes(fit.peak)}.`,
  });
}
