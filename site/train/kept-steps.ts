import type { FromTrainer } from './messages.js';

/** Knows, by what the worker tells, whether steps of the run would be gone with the page. */
export class KeptSteps {
  /** The last step that there is, that of the last checkpoint, and that which was handed over or came with a file. */
  #done = 0;
  #saved = 0;
  #kept = 0;
  #isOpened = false;

  get wouldLose(): boolean {
    return this.#done > this.#kept;
  }

  hear(message: FromTrainer): void {
    switch (message.kind) {
      case 'opened':
        this.forget();
        this.#isOpened = true;
        return;
      case 'ready':
        [this.#done, this.#saved] = [message.doneSteps, message.doneSteps];
        // What a file brought along is still in it; a run that begins anew has nothing that was kept.
        this.#kept = this.#isOpened ? message.doneSteps : Math.min(this.#kept, message.doneSteps);
        this.#isOpened = false;
        return;
      case 'step':
        this.#done = message.line.step;
        return;
      case 'checkpoint':
        this.#saved = message.step;
        return;
      case 'state':
        // Steps behind the last checkpoint are gone already.
        if (message.state === 'failed') this.#done = this.#saved;
        return;
      case 'tar':
        this.#kept = message.step;
    }
  }

  /** There is no run. */
  forget(): void {
    [this.#done, this.#saved, this.#kept, this.#isOpened] = [0, 0, 0, false];
  }
}
