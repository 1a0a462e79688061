import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PageWorker } from '../frame/worker.js';
import { ANSWER_MILLISECONDS, TrainThread } from './train-thread.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function started(): { thread: TrainThread; workers: PageWorker[]; told: string[]; ends: number[] } {
  const workers: PageWorker[] = [];
  const told: string[] = [];
  const ends: number[] = [];
  const start = (): PageWorker => {
    const index = workers.length;
    const worker: PageWorker = {
      onmessage: null,
      onerror: null,
      postMessage: (message) => told.push(`${index} ${(message as { kind: string }).kind}`),
      terminate: () => ends.push(index),
    };
    workers.push(worker);
    return worker;
  };
  const listener = {
    hear: ({ kind }: { kind: string }) => told.push(kind),
    erred: (reason: string) => told.push(reason),
    ended: () => told.push('ended'),
  };
  return { thread: new TrainThread(start, listener), workers, told, ends };
}

it('ends a thread that answers nothing when it is asked to pause, and starts another', () => {
  const { thread, told, ends } = started();
  thread.ask({ kind: 'go-on' });
  vi.advanceTimersByTime(100 * ANSWER_MILLISECONDS);
  thread.ask({ kind: 'pause' });
  vi.advanceTimersByTime(ANSWER_MILLISECONDS / 2);
  thread.ask({ kind: 'pause' });
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(ANSWER_MILLISECONDS / 2);
  thread.ask({ kind: 'download' });
  vi.advanceTimersByTime(100 * ANSWER_MILLISECONDS);
  expect(told).toEqual(['0 go-on', '0 pause', '0 pause', 'ended', '1 download']);
  expect(ends).toEqual([0]);
});

it('leaves one alone that answers, however long its step takes, and one that has an error', () => {
  const { thread, workers, told, ends } = started();
  thread.ask({ kind: 'pause' });
  workers[0]?.onmessage?.({ data: { kind: 'state', state: 'pausing' } });
  vi.advanceTimersByTime(100 * ANSWER_MILLISECONDS);
  workers[0]?.onerror?.({ message: 'it broke' });
  expect(told).toEqual(['0 pause', 'state', 'it broke']);
  expect(ends).toEqual([]);
});
