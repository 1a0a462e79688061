import { LacunaError } from '../../spec/errors.js';
import type { VideoBackendName } from '../video/video-reader.js';
import { ClipDecoder } from './clip-decoder.js';
import type { DecodeJob, DecodeOutcome, DecodeSetup } from './decode-messages.js';
import { DecodePool } from './decode-pool.js';
import { VerifiedMembers } from './verified-members.js';

/** Whoever decodes clips: worker threads, or the thread that asks. */
export interface Decoding {
  /** The backend that decodes. */
  readonly backend: VideoBackendName;
  /** Decodes one clip. Jobs are begun in the order of their calls. @throws LacunaError once it was closed. */
  decode(job: DecodeJob): Promise<DecodeOutcome>;
  close(): Promise<void>;
}

/**
 * So many decoding threads; 0 decodes in this one, whatever else it does waiting meanwhile: browsers have no others.
 *
 * @throws LacunaError when the video backend is not there.
 */
export async function openDecoding(setup: DecodeSetup, workers: number): Promise<Decoding> {
  if (workers !== 0) return DecodePool.open(setup, workers);
  return new DecodingHere(await ClipDecoder.open(setup));
}

class DecodingHere implements Decoding {
  readonly #decoder: ClipDecoder;
  readonly #verified = new VerifiedMembers();
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(decoder: ClipDecoder) {
    this.#decoder = decoder;
  }

  get backend(): VideoBackendName {
    return this.#decoder.backend;
  }

  decode(job: DecodeJob): Promise<DecodeOutcome> {
    const outcome = this.#last.then(() => this.#decode(job));
    this.#last = outcome.catch(() => {});
    return outcome;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await this.#decoder.close();
  }

  async #decode(job: DecodeJob): Promise<DecodeOutcome> {
    if (this.#isClosed) throw new LacunaError({ what: 'the decoding was closed' });
    const { member } = job;
    const outcome = await this.#decoder.decode(job, this.#verified.isOpen(member));
    if ('clip' in outcome) this.#verified.add(member);
    return outcome;
  }
}
