import type { Worker } from 'node:worker_threads';
import { LacunaError } from '../../spec/errors.js';
import { startWorker } from '../start-worker.js';
import type { VideoBackendName } from '../video/video-reader.js';
import type {
  DecodeJob,
  DecodeOutcome,
  DecodeSetup,
  FromWorker,
  ToWorker,
} from './decode-messages.js';
import type { Decoding } from './decoding.js';
import { VerifiedMembers } from './verified-members.js';

/** Jobs that a worker holds: the one that it works on, and the next, so that it never waits. */
const JOBS_PER_WORKER = 2;

/** After this the worker is ended from outside, in whatever it does. */
const STOP_MILLISECONDS = 60_000;

interface PendingJob {
  readonly message: Omit<Extract<ToWorker, { kind: 'job' }>, 'verify'>;
  readonly resolve: (outcome: DecodeOutcome) => void;
  readonly reject: (error: LacunaError) => void;
}

interface Member {
  readonly worker: Worker;
  readonly jobs: Map<number, PendingJob>;
}

/**
 * Worker threads that decode clips. Jobs are begun in the order of their calls. The bytes of a member of a
 * tar are held to the digest that its record has, until they were found to be those once.
 */
export class DecodePool implements Decoding {
  /** The backend that the workers decode with. */
  readonly backend: VideoBackendName;
  readonly #members: readonly Member[];
  readonly #waiting: PendingJob[] = [];
  readonly #verified = new VerifiedMembers();
  #nextKey = 0;
  #failure: LacunaError | undefined;

  private constructor(workers: readonly Worker[], backend: VideoBackendName) {
    this.backend = backend;
    this.#members = workers.map((worker) => ({ worker, jobs: new Map() }));
    for (const member of this.#members) {
      const { worker } = member;
      worker.on('message', (message: FromWorker) => this.#receive(member, message));
      worker.on('error', (error) => this.#fail(crash(String(error))));
      worker.on('exit', (code) => this.#fail(crash(`exit code ${code}`)));
    }
  }

  /** @throws LacunaError when the video backend is not there. */
  static async open(setup: DecodeSetup, count: number): Promise<DecodePool> {
    if (!Number.isInteger(count) || count < 1 || count > 1024) {
      throw new LacunaError({
        what: 'the number of decoding workers is out of bounds',
        got: String(count),
        expected: 'an integer in [0, 1024]',
      });
    }
    const workers = Array.from({ length: count }, () =>
      startWorker('data/loader/decode-worker', setup),
    );
    try {
      const [backend = 'ffmpeg'] = await Promise.all(workers.map(whenReady));
      return new DecodePool(workers, backend);
    } catch (error) {
      await Promise.all(workers.map((worker) => worker.terminate()));
      throw error;
    }
  }

  /** Decodes one clip. @throws LacunaError when the pool is closed or a worker stopped. */
  decode(job: DecodeJob): Promise<DecodeOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      const message = { kind: 'job', ...job, key: this.#nextKey++ } as const;
      this.#waiting.push({ message, resolve, reject });
      this.#dispatch();
    });
  }

  /** Stops the workers; jobs that are not done are rejected. */
  async close(): Promise<void> {
    this.#fail(new LacunaError({ what: 'the decoding workers were closed' }));
    await Promise.all(this.#members.map(({ worker }) => stopped(worker)));
  }

  #dispatch(): void {
    for (;;) {
      const free = this.#members.reduce((a, b) => (b.jobs.size < a.jobs.size ? b : a));
      if (free.jobs.size >= JOBS_PER_WORKER) return;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      free.jobs.set(job.message.key, job);
      const verify = this.#verified.isOpen(job.message.member);
      free.worker.postMessage({ ...job.message, verify } satisfies ToWorker);
    }
  }

  #receive({ jobs }: Member, message: FromWorker): void {
    if (message.kind !== 'clip' && message.kind !== 'problem') return;
    const job = jobs.get(message.key);
    jobs.delete(message.key);
    if (message.kind === 'clip') this.#verified.add(job?.message.member);
    this.#dispatch();
    job?.resolve(message.kind === 'clip' ? { clip: message.clip } : { problem: message.problem });
  }

  #fail(failure: LacunaError): void {
    this.#failure ??= failure;
    const jobs = this.#members.flatMap((member) => [...member.jobs.values()]);
    for (const job of [...jobs, ...this.#waiting.splice(0)]) job.reject(this.#failure);
    for (const member of this.#members) member.jobs.clear();
  }
}

/**
 * Ends a worker after the clip that it decodes. Terminating it inside a call of the video library
 * would end the whole process: the library cannot report into a thread that is going away.
 */
async function stopped(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return; // it has ended already
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => resolve());
  });
  worker.postMessage({ kind: 'stop' } satisfies ToWorker);
  const timer = setTimeout(() => void worker.terminate(), STOP_MILLISECONDS);
  await exited;
  clearTimeout(timer);
}

/** Takes back every listener that it adds; `removeAllListeners` would cut the worker off. */
function whenReady(worker: Worker): Promise<VideoBackendName> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: FromWorker): void => {
      stop();
      if (message.kind === 'ready') resolve(message.backend);
      if (message.kind === 'unavailable') reject(new LacunaError(message.facts));
    };
    const onError = (error: unknown): void => {
      stop();
      reject(crash(String(error)));
    };
    const onExit = (code: number): void => {
      stop();
      reject(crash(`exit code ${code}`));
    };
    const stop = (): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

function crash(got: string): LacunaError {
  return new LacunaError({
    what: 'a decoding worker stopped',
    got,
    fix: 'Start again; if it happens again, use the other video backend (ffmpeg or node-av).',
  });
}
