import type { HostTensor, Named } from '../core/backend.js';
import type { Plan } from '../core/plan/index.js';
import type { DataProblem, StepMetrics } from '../run/run-folder.js';
import type { RunSettings } from '../run/settings/config.js';
import type { RateSchedule, StateSpec } from '../spec/index.js';

/**
 * What the loop trains: a plan with its first state, batches and what they become, and the sections
 * of the settings that the loop goes by. Everything else (schedule, checkpoints, events, signals,
 * resuming, skipped steps) is the loop's, and the same for every task.
 */
export interface Task<B extends TaskBatch> {
  readonly plan: Plan;
  readonly settings: TaskSettings;
  readonly schedule: RateSchedule;
  /** Clips of a step, for those who show its pace. */
  readonly clips: number;
  /** How a state tensor starts. */
  readonly initial: (spec: StateSpec) => HostTensor | Promise<HostTensor>;
  /** The stage of the run that this is. @defaultValue the run has one */
  readonly stage?: TaskStage | undefined;
  /** Batches without end, the first that of the step after `doneSteps`; the loop closes them. */
  batches(doneSteps: number): Promise<Batches<B>>;
  /** What the step's programs read of a batch; the schedule's scalars are the loop's. */
  feeds(batch: B): Promise<Named<HostTensor>>;
  /** What a step's line has of its batch; `counts` stand among the metrics that the plan returns. */
  metrics?(batch: B): Pick<StepMetrics, 'motion'> & { readonly counts?: Named<number> };
  /** @defaultValue none */
  readonly evaluation?: TaskEvaluation | undefined;
}

/** A stage of a run, as far as the loop looks at it. Its own steps count from 0; what is told and written counts those before it, too. */
export interface TaskStage {
  readonly name: string;
  /** Its place among the stages, from 1, and how many there are. */
  readonly number: number;
  readonly count: number;
  /** Steps of the stages before it. */
  readonly before: number;
  /** Steps of all stages. */
  readonly total: number;
  /** The state of the stage before it; undefined for the first. */
  readonly former: readonly StateSpec[] | undefined;
}

/** The sections of the settings that the loop itself goes by. */
export type TaskSettings = Pick<
  RunSettings,
  'optimizer' | 'lossScaling' | 'checkpoints' | 'backend'
>;

/** A batch, as far as the loop looks at it. */
export interface TaskBatch {
  readonly epoch: number;
  /** Ids of its samples, named where a step fails. */
  readonly ids: readonly string[];
  /** Samples that could not be used, so that others took their place, or that lack frames. */
  readonly problems: readonly DataProblem[];
}

export interface Batches<B extends TaskBatch> {
  next(): Promise<B>;
  close(): Promise<void>;
}

/** The numbers of one evaluator; the first is the one that a progress line shows. */
export interface Evaluated {
  readonly evaluator: string;
  readonly scores: Named<number>;
  /** What they depend on beside the model. */
  readonly protocol?: string;
  /** Clips that were left out. @defaultValue none */
  readonly problems?: readonly DataProblem[];
  /** All that the evaluator found, for whoever shows it; none of it is written down. @defaultValue nothing */
  readonly result?: unknown;
}

/** What the model is worth while it is trained. The training does not depend on it. */
export interface TaskEvaluation {
  /** Steps between two evaluations; one more comes after the last step. */
  readonly everySteps: number;
  /** @param state Parameters, statistics and averages as they are now. */
  run(state: Named<HostTensor>): Promise<readonly Evaluated[]>;
}
