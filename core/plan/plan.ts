import type { Program, StateSpec } from '../../spec/index.js';

/** One call of a program within a step. */
export interface PlanCall {
  /** The key of the program in the plan. */
  readonly program: string;
  /**
   * How often it runs; run r of R is fed rows [r, r + 1) * (B / R) of each data input. Where P processes share the batch, each
   * having B / P rows of it that follow each other, a part is made of as many of each: of the p-th rows
   * p B / P + [r, r + 1) * (B / P / R).
   */
  readonly repeat: number;
  /** An input i32 [B / R] that is fed the numbers of those rows: where they lie in scratch of B rows. */
  readonly rows?: string;
}

/**
 * A training step: program calls in order over shared tensors. Names connect them: an input of role
 * `data`, `constant` or `schedule` is fed by the caller, any other is read from the state or scratch
 * tensor of that name, and an output of such a name replaces it. Other outputs are metrics, averaged
 * over the runs of a repeated call, and added up where several programs have one.
 */
export interface Plan {
  readonly programs: Readonly<Record<string, Program>>;
  readonly calls: readonly PlanCall[];
  /** What persists: parameters, optimiser moments, statistics. */
  readonly state: readonly StateSpec[];
  /** B, where devices may share the rows of a batch. @defaultValue a step runs on one device */
  readonly batch?: number;
  /** Whether its programs are to be compiled for less memory at the price of time: `CompileOptions`. @defaultValue false */
  readonly recompute?: boolean;
  /** What lives within one step and starts at zero: accumulated gradients, what parts of a batch hand on. */
  readonly scratch: readonly StateSpec[];
}

/** The names of the metrics that a program of a plan returns. */
export function metricNames(plan: Plan, program: Program): readonly string[] {
  const kept = new Set([...plan.state, ...plan.scratch].map(({ name }) => name));
  return program.outputs.map(({ name }) => name).filter((name) => !kept.has(name));
}
