/**
 * A signal that Ctrl-C (or a service manager's stop) raises once, so that the work ends with what is
 * whole, as `sentence` says; a second Ctrl-C ends the process at once.
 */
export function stopSignal(sentence = 'Stopping after this step, with a checkpoint.'): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    console.error(`\n${sentence} Press Ctrl-C again to end at once.`);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
