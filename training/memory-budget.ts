import type { Backend } from '../core/backend.js';
import { gibibytes } from '../core/gibibytes.js';
import { planFlops } from '../core/measure/matmul-flops.js';
import type { RunSettings } from '../run/settings/config.js';
import { stagesOf } from '../run/settings/settings.js';
import { LacunaError } from '../spec/index.js';
import { fewestParts } from './fewest-parts.js';
import { bytesNeeded, planOf } from './plan-run.js';

/** A run that keeps within its budget, and what that costs. */
export interface BudgetedRun {
  /** Its settings, each stage in the fewest parts that fit, which make again what they can where that saves parts. */
  readonly settings: RunSettings;
  readonly stages: readonly BudgetedStage[];
}

export interface BudgetedStage {
  readonly name?: string;
  readonly batch: number;
  readonly microbatches: number;
  /** Whether what can be made again does not lie in memory until its gradient comes. */
  readonly recompute: boolean;
  /** Bytes that are foreseen, in the memory that the budget is of. */
  readonly needed: number;
  /**
   * Multiplications of a step beside those of the batch at once: 1 for a batch that fits, or whose clips do not
   * meet; about 4 / 3 where what crosses between clips is computed before the parts are.
   */
  readonly arithmetic: number;
}

type Stage = RunSettings & { readonly name?: string };

/**
 * Trades time for memory: takes each step in the fewest equal parts that a budget holds (see `partedPlan`). Results
 * are those of the batch at once, but for rounding. A teacher, and the videos that are being decoded, are not
 * counted.
 *
 * @param budget Bytes of the device, where it has a memory of its own; else of this process, with the frames decoded ahead.
 * @param process Bytes that this process has before it begins. @defaultValue those that it has now
 * @throws LacunaError where not even one clip at a time fits, for settings that say by themselves in how many parts
 *   a step is to run, for several devices, and for a backend that does not say how it keeps memory.
 */
export function withinBudget(
  settings: RunSettings,
  backend: Pick<Backend, 'info'>,
  budget: number,
  process: number = globalThis.process.memoryUsage().rss,
): BudgetedRun {
  const stages = stagesOf(settings).map((stage) => budgeted(stage, backend, budget, process));
  const chosen = (i: number): Pick<RunSettings, 'microbatches' | 'recompute'> => {
    const { microbatches, recompute } = stages[i] as BudgetedStage;
    return { microbatches, ...(recompute ? { recompute } : {}) };
  };
  const own = settings.stages?.map((stage, i) => ({ ...stage, ...chosen(i) }));
  const fitted =
    own === undefined || own.length === 0
      ? { ...settings, ...chosen(0) }
      : { ...settings, stages: own };
  return { settings: fitted, stages };
}

function budgeted(
  stage: Stage,
  { info }: Pick<Backend, 'info'>,
  budget: number,
  process: number,
): BudgetedStage {
  const { name, batch } = stage;
  const { memory: habits, devices = 1 } = info;
  const where = name === undefined ? '--memory' : `--memory, ${name}`;
  const fix = 'Say in how many parts a step is to run: --microbatches.';
  if (stage.microbatches !== 1) {
    throw new LacunaError({
      where,
      what: 'the settings say by themselves in how many parts a step is to run',
      got: `microbatches ${stage.microbatches}`,
      fix: 'Leave --memory or microbatches out.',
    });
  }
  if (devices > 1) {
    throw new LacunaError({
      where,
      what: 'devices that share a batch have each a memory of its own, so one budget does not fit them',
      got: `${devices} devices`,
      fix,
    });
  }
  if (habits === undefined) {
    throw new LacunaError({
      where,
      what: 'this backend does not say how it keeps memory, so no budget can be kept',
      got: info.name,
      fix,
    });
  }
  const neededIn = (microbatches: number, recompute: boolean): number =>
    bytesNeeded({ ...stage, microbatches, recompute }, habits, process);
  // What costs less is tried first, and stays where it needs no more parts.
  const ways =
    stage.recompute === true ? [true] : habits.recomputes?.length ? [false, true] : [false];
  const fits = ways.flatMap((recompute) => {
    const found = fewestParts(batch, (parts) => neededIn(parts, recompute), budget);
    return found === undefined ? [] : [{ ...found, recompute }];
  });
  const [fit] = fits.sort((a, b) => a.parts - b.parts);
  if (fit === undefined) {
    throw new LacunaError({
      where,
      what: 'the budget does not hold a step, not even one clip at a time',
      got: gibibytes(budget),
      expected: `at least ${gibibytes(neededIn(batch, ways.at(-1) === true))}`,
      fix: 'Take a smaller model, fewer frames, a higher mask ratio, or a smaller batch.',
    });
  }
  const flopsIn = (microbatches: number): number => planFlops(planOf({ ...stage, microbatches }));
  return {
    ...(name === undefined ? {} : { name }),
    batch,
    microbatches: fit.parts,
    recompute: fit.recompute,
    needed: fit.peak,
    arithmetic: fit.parts === 1 ? 1 : flopsIn(fit.parts) / flopsIn(1),
  };
}
