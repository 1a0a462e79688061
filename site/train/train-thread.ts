import type { PageWorker } from '../frame/worker.js';
import type { FromTrainer, ToTrainer } from './messages.js';

/** How long a thread that is asked to pause may say nothing: one that lives answers at once. */
export const ANSWER_MILLISECONDS = 10_000;

/** Who listens to the thread. */
export interface TrainListener {
  hear(message: FromTrainer): void;
  /** An error in the thread that nothing in it has caught; it may go on. */
  erred(reason: string): void;
  /** It did not answer and was ended, and the run in it with it; another stands ready. */
  ended(): void;
}

/**
 * The thread that trains. Nothing in a browser stops work in a thread that never lets go, as a stranger's tokenizer may
 * ask for, but the thread's end: it comes where a pause is asked for and nothing at all is answered.
 */
export class TrainThread {
  readonly #start: () => PageWorker;
  readonly #listener: TrainListener;
  #worker: PageWorker;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(start: () => PageWorker, listener: TrainListener) {
    this.#start = start;
    this.#listener = listener;
    this.#worker = this.#started();
  }

  /** @param transfer Bytes that become the thread's, and are no longer held here. */
  ask(message: ToTrainer, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
    if (message.kind === 'pause')
      this.#timer ??= setTimeout(() => this.#end(), ANSWER_MILLISECONDS);
  }

  #started(): PageWorker {
    const worker = this.#start();
    worker.onmessage = ({ data }) => {
      this.#answered();
      this.#listener.hear(data as FromTrainer);
    };
    worker.onerror = ({ message = 'it gave no reason' }) => this.#listener.erred(message);
    return worker;
  }

  #answered(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #end(): void {
    this.#answered();
    this.#worker.terminate();
    this.#worker = this.#started();
    this.#listener.ended();
  }
}
