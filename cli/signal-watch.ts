import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Signals that ask a program to end: of a person at a terminal, and of a service manager. */
const SIGNALS = [constants.signals.SIGINT, constants.signals.SIGTERM];

/** Seconds that work which does not listen may go on after the first signal. */
const PATIENCE = 30;

/**
 * Listens for Ctrl-C and for the signal of a service manager in a thread of its own, so that they are heard
 * while this one is inside a long call of a library, in which none of Node's listeners runs. The first is
 * told to `onSignal`; where that was not called within `patience` seconds, or at the second signal, the
 * system ends the process by that very signal, with a sentence where nobody asked twice.
 *
 * Node has no listeners for signals in worker threads. What its own are made of is to be had there by a flag
 * of that thread alone (seen in Node 20 and 26); a Node without it listens here, and only between calls.
 */
export function watchSignals(onSignal: () => void, patience: number = PATIENCE): void {
  const heard = new Int32Array(new SharedArrayBuffer(4));
  const once = (): void => {
    if (Atomics.exchange(heard, 0, 1) === 0) onSignal();
  };
  const workerData = { heard, patience, signals: SIGNALS };
  const worker = new Worker(PROGRAM, { eval: true, execArgv: EXPOSED, workerData });
  worker.on('message', once);
  worker.once('error', () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, once);
    }
  });
  worker.unref();
}

const EXPOSED = ['--expose-internals', '--no-warnings'];

/** In a string, since a worker's file would be another in the sources than in the package. */
const PROGRAM = `
const { writeSync } = require('node:fs');
const { parentPort, workerData } = require('node:worker_threads');
const { heard, patience, signals } = workerData;
const { Signal } = require('internal/test/binding').internalBinding('signal_wrap');
const listeners = signals.map((number) => {
  const listener = new Signal();
  listener.onsignal = hear;
  listener.start(number);
  return listener;
});
let first = true;
function hear(number) {
  if (!first) end(number);
  first = false;
  parentPort.postMessage(number);
  setTimeout(() => {
    if (Atomics.load(heard, 0) === 0)
      writeSync(2, '\\nStopping. What is being computed does not listen: if it does not end within '
        + patience + ' seconds, the process is ended without it. Press Ctrl-C again to end at once.\\n');
  }, Math.min(1, patience / 2) * 1000);
  setTimeout(() => {
    if (Atomics.load(heard, 0) !== 0) return;
    writeSync(2, '\\nEnded in the middle of a computation that took too long; the last checkpoint is whole.\\n');
    end(number);
  }, patience * 1000);
}
function end(number) {
  // Without a listener the system does what it does with any process.
  for (const listener of listeners) listener.close();
  process.kill(process.pid, number);
}`;
