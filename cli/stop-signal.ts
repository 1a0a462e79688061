import { watchSignals } from './signal-watch.js';

/** A signal that a person, or a service manager, may raise. */
export interface Stop {
  readonly signal: AbortSignal;
  /** From now on the first Ctrl-C raises the signal. */
  arm(): void;
}

/**
 * A signal that Ctrl-C (or a service manager's stop) raises once, so that a run ends after its step
 * with a checkpoint; a second Ctrl-C ends the process at once, and so does half a minute in which nothing
 * listens: see `watchSignals`. Before it is armed Ctrl-C ends the process at once, too: there is nothing
 * to lose yet. What is written is whole or not there.
 *
 * @param message What the first one says.
 */
export function stopSignal(message = 'Stopping after this step, with a checkpoint.'): Stop {
  const controller = new AbortController();
  let isArmed = false;
  return {
    signal: controller.signal,
    arm: () => {
      if (isArmed) return;
      isArmed = true;
      watchSignals(() => {
        console.error(`\n${message} Press Ctrl-C again to end at once.`);
        controller.abort();
      });
    },
  };
}
