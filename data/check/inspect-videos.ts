import type { Worker } from 'node:worker_threads';
import { LacunaError } from '../../spec/errors.js';
import { startWorker } from '../start-worker.js';
import type { InspectJob, VideoFacts } from './inspect-video.js';
import type { InspectAnswer } from './inspect-worker.js';

/**
 * Looks at videos in threads, each at the next one.
 *
 * @param onDone Told of each that is done.
 * @param signal Ends it early: what is done is returned.
 * @returns Of each job, in their order, what was found; undefined where it was not looked at any more.
 * @throws LacunaError without a video backend, or where a thread ends.
 */
export async function inspectVideos(
  jobs: readonly InspectJob[],
  workers: number,
  onDone: (facts: VideoFacts, done: number) => void,
  signal?: AbortSignal,
): Promise<readonly (VideoFacts | undefined)[]> {
  const found: (VideoFacts | undefined)[] = jobs.map(() => undefined);
  let [next, done] = [0, 0];
  const run = async (worker: Worker): Promise<void> => {
    try {
      while (next < jobs.length && signal?.aborted !== true) {
        const number = next++;
        const answer = await answerOf(worker, number, jobs[number] as InspectJob);
        if (answer.kind === 'failed') throw new LacunaError(answer.facts);
        found[number] = answer.facts;
        onDone(answer.facts, ++done);
      }
    } catch (error) {
      next = jobs.length; // the others end after what they look at
      throw error;
    } finally {
      await worker.terminate(); // between two videos: the library is not at work
    }
  };
  const threads = Array.from({ length: Math.min(workers, jobs.length) }, () =>
    run(startWorker('data/check/inspect-worker', undefined)),
  );
  await Promise.all(threads);
  return found;
}

function answerOf(worker: Worker, number: number, job: InspectJob): Promise<InspectAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onMessage = (answer: InspectAnswer): void => settle(() => resolve(answer));
    const ended = (got: string): void =>
      settle(() =>
        reject(
          new LacunaError({ what: 'a thread that looks at videos ended', where: job.video, got }),
        ),
      );
    const onError = (error: Error): void => ended(String(error));
    const onExit = (code: number): void => ended(`exit code ${code}`);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage({ number, job });
  });
}
