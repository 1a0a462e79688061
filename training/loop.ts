import type { Backend, HostTensor, Named } from '../core/backend.js';
import { ALONE, type ProcessGroup } from '../core/group.js';
import type { PlanRunner } from '../core/plan/index.js';
import { checkpointOrder, writeCheckpoint } from '../run/checkpoint.js';
import type { DataProblem, RunFolder, StepEvaluation, StepMetrics } from '../run/run-folder.js';
import { biasCorrection, LacunaError, learningRate, type Role } from '../spec/index.js';
import { NextBatch } from './next-batch.js';
import { openRunner } from './open-runner.js';
import { SkippedSteps } from './skipped-steps.js';
import type { Task, TaskBatch, TaskStage } from './task.js';

/** What happens while a task is trained, for whoever shows it. */
export type LoopEvent =
  | {
      readonly kind: 'ready';
      readonly steps: number;
      /** Steps that were done before: 0 unless resumed. */
      readonly doneSteps: number;
      readonly compileSeconds: number;
      /** The stage that begins, or goes on, where the run has some. */
      readonly stage?: TaskStage;
    }
  | ({
      readonly kind: 'step';
      readonly steps: number;
      readonly clips: number;
      /** What the samples of the step are known by. */
      readonly samples: readonly string[];
    } & StepMetrics)
  | ({ readonly kind: 'problem' } & DataProblem)
  /** `result` is all that the evaluator found: it knows of what type. */
  | ({ readonly kind: 'evaluation'; readonly result?: unknown } & StepEvaluation)
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly kind: 'note'; readonly text: string };

export interface LoopOptions {
  readonly backend: Backend;
  /** Where metrics, problems, evaluations and checkpoints go. @defaultValue nothing is written */
  readonly folder?: Pick<
    RunFolder,
    | 'checkpoints'
    | 'appendMetrics'
    | 'appendProblem'
    | 'appendEvaluation'
    | 'appendSamples'
    | 'isOwn'
    | 'rewind'
    | 'sync'
    | 'syncLogs'
  >;
  /** Whether it goes on from the folder's last good checkpoint. @defaultValue false */
  readonly resumes?: boolean;
  readonly onEvent?: ((event: LoopEvent) => void) | undefined;
  /** Ends the training after the current step, with a checkpoint; of several processes all, whichever is told. */
  readonly signal?: AbortSignal | undefined;
  /** The processes that train it together. @defaultValue this one alone */
  readonly group?: ProcessGroup | undefined;
}

export interface LoopResult {
  /** Steps that were done, those of stages before this one too. */
  readonly steps: number;
  /** False where the signal ended the training early: it can be resumed. */
  readonly finished: boolean;
  /** Parameters and statistics after the last step. */
  readonly state: Named<HostTensor>;
  readonly problems: readonly DataProblem[];
}

/**
 * Trains a task to the end of its schedule, or until the signal. Of a run of stages it trains one. The trajectory is a function of the
 * task and the backend; where that is deterministic, bit for bit, resumed or not.
 *
 * @throws LacunaError for a metric that is not finite: the last checkpoint is then kept and the
 * samples are named.
 */
export async function train<B extends TaskBatch>(
  task: Task<B>,
  options: LoopOptions,
): Promise<LoopResult> {
  const { runner, doneSteps } = await openRunner(task, options);
  try {
    const skipped = await SkippedSteps.of(runner, task.settings.lossScaling);
    return await new Loop(task, options, { runner, doneSteps, skipped }).run();
  } finally {
    await runner.dispose();
  }
}

/** Roles that a model needs outside training. */
const KEPT_ROLES: readonly Role[] = ['parameter', 'statistic', 'average'];

interface LoopState {
  readonly runner: PlanRunner;
  readonly doneSteps: number;
  readonly skipped: SkippedSteps;
}

class Loop<B extends TaskBatch> {
  readonly #task: Task<B>;
  readonly #options: LoopOptions;
  readonly #runner: PlanRunner;
  readonly #skipped: SkippedSteps;
  readonly #emit: (event: LoopEvent) => void;
  readonly #problems = new Map<string, DataProblem>();
  /** Of the task's own steps; those before it are told and written along (`#told`). */
  #step: number;
  #saved: number;

  constructor(task: Task<B>, options: LoopOptions, { runner, doneSteps, skipped }: LoopState) {
    this.#task = task;
    this.#options = options;
    this.#runner = runner;
    this.#skipped = skipped;
    this.#emit = options.onEvent ?? (() => {});
    this.#step = doneSteps;
    this.#saved = doneSteps;
  }

  async run(): Promise<LoopResult> {
    const { schedule, settings } = this.#task;
    const { totalSteps: steps } = schedule;
    const { compileSeconds } = this.#runner;
    const { stage } = this.#task;
    this.#emit({
      kind: 'ready',
      steps: this.#total,
      doneSteps: this.#told,
      compileSeconds,
      ...(stage === undefined ? {} : { stage }),
    });
    const batches = await this.#task.batches(this.#step);
    const next = new NextBatch(this.#task, this.#runner, batches);
    try {
      while (this.#step < steps && !(await isStopped(this.#options))) {
        await this.#take(next);
        await this.#evaluate();
        const isDue = this.#told % settings.checkpoints.everySteps === 0;
        if (isDue && this.#step < steps) await this.#save();
      }
      if (this.#saved < this.#step || this.#told === 0) await this.#save();
      return {
        steps: this.#told,
        finished: this.#step >= steps,
        state: await this.#modelState(),
        problems: [...this.#problems.values()],
      };
    } finally {
      await next.close();
    }
  }

  /** Steps that were done, of the whole run. */
  get #told(): number {
    return this.#step + (this.#task.stage?.before ?? 0);
  }

  /** Steps of the whole run. */
  get #total(): number {
    return this.#task.stage?.total ?? this.#task.schedule.totalSteps;
  }

  /** One step, while which the batch of the one after it is made ready. */
  async #take(next: NextBatch<B>): Promise<void> {
    const { schedule, clips } = this.#task;
    const begin = performance.now() - 1000 * next.waitedSeconds;
    const { batch, feeds, staged, readSeconds } = await next.ready();
    const waitSeconds = Math.min(next.waitedSeconds, readSeconds);
    for (const problem of batch.problems) await this.#tellProblem(problem);
    next.taken();
    const rate = learningRate(schedule, this.#step);
    const isLast = this.#step + 1 === schedule.totalSteps;
    const meanwhile = (): void => {
      if (!isLast) next.begin();
    };
    const metrics = this.#skipped.note(
      await this.#runner.step({ ...feeds, ...this.#scheduleFeeds(rate) }, { staged, meanwhile }),
    );
    const bad = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
    if (bad !== undefined) throw this.#notFinite(bad, batch.ids);
    this.#step += 1;
    const { counts, ...facts } = this.#task.metrics?.(batch) ?? {};
    const line: StepMetrics = {
      step: this.#told,
      epoch: batch.epoch,
      metrics: { ...metrics, ...counts },
      learningRate: rate,
      stepSeconds: (performance.now() - begin) / 1000,
      waitSeconds,
      ...facts,
    };
    await this.#options.folder?.appendSamples(this.#told, batch.ids);
    await this.#options.folder?.appendMetrics(line);
    this.#emit({ kind: 'step', steps: this.#total, clips, samples: batch.ids, ...line });
    const before = this.#told - this.#step;
    this.#skipped.check(metrics, this.#told, this.#saved + before);
    // Processes tell each other of a batch in here: what they tell next must not come in between.
    await next.settled();
  }

  async #tellProblem(problem: DataProblem): Promise<void> {
    if (this.#problems.has(problem.id)) return;
    this.#problems.set(problem.id, problem);
    await this.#options.folder?.appendProblem(problem);
    this.#emit({ kind: 'problem', ...problem });
  }

  /** Before the step's checkpoint: a run that is killed in between evaluates once more, not never. */
  async #evaluate(): Promise<void> {
    const { evaluation, schedule } = this.#task;
    if (evaluation === undefined) return;
    const isLast = this.#step === schedule.totalSteps;
    if (this.#told % evaluation.everySteps !== 0 && !isLast) return;
    const { group = ALONE } = this.#options;
    if (group.index !== 0 && !this.#downloadsTogether) return;
    const state = await this.#modelState();
    // Thousands of clips are compared with each other in one go.
    for (const evaluated of await group.quiet(() => evaluation.run(state))) {
      const { evaluator, scores, protocol, problems = [], result } = evaluated;
      for (const problem of problems) await this.#tellProblem(problem);
      const line: StepEvaluation = {
        step: this.#told,
        evaluator,
        scores,
        ...(protocol === undefined ? {} : { protocol }),
      };
      await this.#options.folder?.appendEvaluation(line);
      this.#emit({ kind: 'evaluation', ...line, result });
    }
  }

  async #save(): Promise<void> {
    const step = this.#told;
    const { folder } = this.#options;
    if (folder === undefined) return;
    const { plan, settings, stage } = this.#task;
    const read = (name: string): Promise<HostTensor> => this.#download(name);
    if (!folder.isOwn) {
      if (this.#downloadsTogether) for (const name of checkpointOrder(plan.state)) await read(name);
      this.#saved = this.#step;
      return;
    }
    const { keep } = settings.checkpoints;
    await folder.sync();
    // A full disk of another program must not cost the checkpoint.
    const [told] = await Promise.allSettled([folder.syncLogs()]);
    const path = await writeCheckpoint(
      folder.checkpoints,
      step,
      plan.state,
      read,
      keep,
      stage?.name,
    );
    this.#saved = this.#step;
    this.#emit({ kind: 'checkpoint', step, path });
    if (told.status === 'rejected') throw told.reason;
  }

  async #modelState(): Promise<Named<HostTensor>> {
    const state: Record<string, HostTensor> = {};
    for (const { name, role } of this.#task.plan.state) {
      if (KEPT_ROLES.includes(role)) state[name] = await this.#download(name);
    }
    return state;
  }

  /** Whether a download of state is a call of all processes. */
  get #downloadsTogether(): boolean {
    const { shardedState = false, processes = 1 } = this.#options.backend.info;
    return shardedState && processes > 1;
  }

  async #download(name: string): Promise<HostTensor> {
    // One that writes a file between two of them is waited for here, where nothing that waits gives up.
    if (this.#downloadsTogether) {
      const asked = (await this.#options.group?.gather(DOWNLOAD, name)) ?? [];
      if (asked.some((each) => each !== name)) {
        throw new LacunaError({
          what: 'the processes of the run do not read the same tensor',
          got: asked.join(', '),
        });
      }
    }
    return this.#runner.download(name);
  }

  #scheduleFeeds(rate: number): Named<HostTensor> {
    const { beta1, beta2 } = this.#task.settings.optimizer;
    const update = this.#skipped.update(this.#step);
    return {
      'schedule.lr': scalar(rate),
      'schedule.correction1': scalar(biasCorrection(beta1, update)),
      'schedule.correction2': scalar(biasCorrection(beta2, update)),
    };
  }

  #notFinite([name, value]: [string, number], samples: readonly string[]): LacunaError {
    const { precision = 'f32' } = this.#task.settings.backend;
    const shown = samples.slice(0, 8).join(', ');
    const saved = this.#saved + this.#told - this.#step;
    const kept =
      saved === 0 ? 'There is no checkpoint yet.' : `The checkpoint of step ${saved} is kept.`;
    const mixed = precision === 'mixed' ? ' f16 holds nothing above 65504: or train in f32.' : '';
    return new LacunaError({
      where: `step ${this.#told + 1}`,
      what: `${name} is ${value}, so the run stops`,
      got: `samples ${shown}${samples.length > 8 ? ` and ${samples.length - 8} more` : ''}`,
      fix: `${kept} Lower the learning rate, or look at these samples.${mixed}`,
    });
  }
}

/** Whether some process of a group was told to stop: all of them ask in the same places. */
export async function isStopped({
  signal,
  group = ALONE,
}: Pick<LoopOptions, 'signal' | 'group'>): Promise<boolean> {
  const told = await group.gather(STOP, signal?.aborted === true);
  return told.includes(true);
}

const DOWNLOAD = { name: 'download', parse: (value: unknown) => String(value) };

const STOP = { name: 'stop', parse: (value: unknown) => value === true };

function scalar(value: number): HostTensor {
  return { dtype: 'f32', shape: [], data: Float32Array.of(value) };
}
