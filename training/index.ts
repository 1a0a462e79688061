/**
 * The loop, and the tasks that it trains: batches in, steps, checkpoints and events out. What a run
 * is lies in run/, what a model is worth in evaluation/. In come a backend and, for some tasks, a
 * teacher; no task is known to the loop.
 */
export type { LoopEvent, LoopOptions, LoopResult } from './loop.js';
export { train } from './loop.js';
export { type BudgetedRun, type BudgetedStage, withinBudget } from './memory-budget.js';
export { benchRun, planOf, planRun, type RunBench, type RunPlan, stepsOf } from './plan-run.js';
export {
  checkSweep,
  runSweep,
  type SweepEvent,
  type SweepOptions,
  type SweepResult,
} from './sweep/run-sweep.js';
export { parseSweep, type Sweep, type SweepRow } from './sweep/sweep-file.js';
export type { Batches, Evaluated, Task, TaskBatch, TaskEvaluation, TaskSettings } from './task.js';
export * from './tasks/index.js';
