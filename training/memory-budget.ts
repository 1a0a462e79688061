import type { Backend } from '../core/backend.js';
import { planFlops } from '../core/measure/matmul-flops.js';
import type { RunSettings } from '../run/settings/config.js';
import { stagesOf } from '../run/settings/settings.js';
import { LacunaError } from '../spec/index.js';
import { planOf, planRun, type RunPlan } from './plan-run.js';

/** A run that keeps within its budget, and what that costs. */
export interface BudgetedRun {
  /** Its settings, each stage in the fewest parts that fit. */
  readonly settings: RunSettings;
  readonly stages: readonly BudgetedStage[];
}

export interface BudgetedStage {
  readonly name?: string;
  readonly batch: number;
  readonly microbatches: number;
  /** Bytes that are foreseen, in the memory that the budget is of. */
  readonly needed: number;
  /**
   * Multiplications of a step beside those of the batch at once: 1 for a batch that fits, or whose clips do not
   * meet; about 4 / 3 where what crosses between clips is computed before the parts are.
   */
  readonly arithmetic: number;
}

/**
 * Trades time for memory: takes each step in the fewest equal parts that a budget holds (see `partedPlan`). Results
 * are those of the batch at once, but for rounding.
 *
 * @param budget Bytes of the device, where it has a memory of its own; else of this process, with the frames decoded ahead.
 * @param process Bytes that this process has before it begins. @defaultValue those that it has now
 * @throws LacunaError where not even one clip at a time fits, and for a backend that does not say how it keeps memory.
 */
export function withinBudget(
  settings: RunSettings,
  backend: Pick<Backend, 'info'>,
  budget: number,
  process?: number,
): BudgetedRun {
  const stages = stagesOf(settings).map((stage): BudgetedStage => {
    const microbatches = partsWithin(stage, backend, budget, process);
    const parted = { ...stage, microbatches };
    const { needed = 0 } = planRun(parted, backend, budget, process);
    const whole = planFlops(planOf({ ...stage, microbatches: 1 }));
    return {
      ...(stage.name === undefined ? {} : { name: stage.name }),
      batch: stage.batch,
      microbatches,
      needed,
      arithmetic: microbatches === 1 ? 1 : planFlops(planOf(parted)) / whole,
    };
  });
  const parts = (i: number): number => (stages[i] as BudgetedStage).microbatches;
  const own = settings.stages?.map((stage, i) => ({ ...stage, microbatches: parts(i) }));
  const fitted =
    own === undefined || own.length === 0
      ? { ...settings, microbatches: parts(0) }
      : { ...settings, stages: own };
  return { settings: fitted, stages };
}

function partsWithin(
  stage: RunSettings & { readonly name?: string },
  backend: Pick<Backend, 'info'>,
  budget: number,
  process?: number,
): number {
  const whole = planRun({ ...stage, microbatches: 1 }, backend, budget, process);
  const { fits } = whole;
  const where = stage.name === undefined ? '--memory' : `--memory, ${stage.name}`;
  if (fits === undefined) {
    throw new LacunaError({
      where,
      what: 'this backend does not say how it keeps memory, so no budget can be kept',
      got: backend.info.name,
      fix: 'Say in how many parts a step is to run: --microbatches.',
    });
  }
  if (fits.part > 0) return stage.batch / fits.part;
  const least = planRun({ ...stage, microbatches: stage.batch }, backend, budget, process);
  throw new LacunaError({
    where,
    what: 'the budget does not hold a step, not even one clip at a time',
    got: gigabytes(budget),
    expected: `at least ${gigabytes(least.needed ?? 0)}, of which the state of the optimiser takes ${gigabytes(stateOf(least))}`,
    fix: 'Take a smaller model, fewer frames, a higher mask ratio, or a smaller batch.',
  });
}

function stateOf({ memory }: RunPlan): number {
  return memory?.state ?? 0;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
