/**
 * A signal that Ctrl-C (or a service manager's stop) raises once, so that a run ends after its step
 * with a checkpoint; a second Ctrl-C ends the process at once.
 *
 * @param message What the first one says.
 */
export function stopSignal(message = 'Stopping after this step, with a checkpoint.'): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    console.error(`\n${message} Press Ctrl-C again to end at once.`);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
