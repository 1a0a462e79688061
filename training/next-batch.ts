import type { HostTensor, Named } from '../core/backend.js';
import type { PlanRunner, StagedFeeds } from '../core/plan/index.js';
import type { Batches, Task, TaskBatch } from './task.js';

/** A batch that a step can take. */
export interface ReadyBatch<B> {
  readonly batch: B;
  /** What the step's programs read of it. */
  readonly feeds: Named<HostTensor>;
  /** What of it is on the device already (`PlanRunner.stage`). */
  readonly staged: StagedFeeds;
  /** Seconds in which it was read. */
  readonly readSeconds: number;
}

type Outcome<B> =
  | { readonly ready: ReadyBatch<B> }
  | { readonly ready?: undefined; readonly error: unknown };

/** The next step's batch, which is read and made ready while the device is at work on the step before it. */
export class NextBatch<B extends TaskBatch> {
  readonly #task: Pick<Task<B>, 'feeds'>;
  readonly #runner: PlanRunner;
  readonly #batches: Batches<B>;
  #coming: Promise<Outcome<B>> | undefined;
  #waitedSeconds = 0;

  /** @param batches Are closed by `close`. */
  constructor(task: Pick<Task<B>, 'feeds'>, runner: PlanRunner, batches: Batches<B>) {
    this.#task = task;
    this.#runner = runner;
    this.#batches = batches;
  }

  /** Seconds for which it was waited, since the batch before it was taken. */
  get waitedSeconds(): number {
    return this.#waitedSeconds;
  }

  /** Begins to make it ready. What goes wrong is told to whoever waits for it. */
  begin(): void {
    this.#coming ??= this.#prepare();
  }

  /** Waits until it is ready, or until it is known that there is none; nothing where nobody began. */
  async settled(): Promise<void> {
    const begin = performance.now();
    await this.#coming;
    this.#waitedSeconds += (performance.now() - begin) / 1000;
  }

  /** The batch once it is ready, and here until it is taken. @throws what went wrong. */
  async ready(): Promise<ReadyBatch<B>> {
    this.begin();
    await this.settled();
    const outcome = (await this.#coming) as Outcome<B>;
    if (outcome.ready === undefined) throw outcome.error;
    return outcome.ready;
  }

  /** It is a step's now. */
  taken(): void {
    this.#coming = undefined;
    this.#waitedSeconds = 0;
  }

  /** Closes the batches; one that is ready and was not taken is freed. */
  async close(): Promise<void> {
    // First of all, so that nobody waits for a batch that is read for nothing.
    const closed = this.#batches.close();
    const outcome = await this.#coming;
    if (outcome?.ready !== undefined) this.#runner.release(outcome.ready.staged);
    this.#coming = undefined;
    await closed;
  }

  async #prepare(): Promise<Outcome<B>> {
    try {
      const begin = performance.now();
      const batch = await this.#batches.next();
      const readSeconds = (performance.now() - begin) / 1000;
      const feeds = await this.#task.feeds(batch);
      return { ready: { batch, feeds, staged: await this.#runner.stage(feeds), readSeconds } };
    } catch (error) {
      return { error };
    }
  }
}
