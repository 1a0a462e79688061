/** A signal that a person, or a service manager, may raise. */
export interface Stop {
  readonly signal: AbortSignal;
  /** From now on the first Ctrl-C raises the signal. */
  arm(): void;
}

/**
 * A signal that Ctrl-C (or a service manager's stop) raises once, so that a run ends after its step
 * with a checkpoint; a second Ctrl-C ends the process at once. Before it is armed Ctrl-C ends the
 * process at once, too: the system does that even while programs are built and compiled, when
 * nothing of ours could listen, and there is nothing to lose yet. What is written is whole or not there.
 *
 * @param message What the first one says.
 */
export function stopSignal(message = 'Stopping after this step, with a checkpoint.'): Stop {
  const controller = new AbortController();
  const stop = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    console.error(`\n${message} Press Ctrl-C again to end at once.`);
    controller.abort();
  };
  let isArmed = false;
  return {
    signal: controller.signal,
    arm: () => {
      if (isArmed) return;
      isArmed = true;
      process.on('SIGINT', stop);
      process.on('SIGTERM', stop);
    },
  };
}
