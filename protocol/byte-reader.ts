import type { Readable } from 'node:stream';
import { Breakdown, DeadlineMissed } from './breakdown.js';

/** Above so many unread bytes the sender is made to wait. */
const HIGH_WATER = 1 << 22;

/** Reads lines and blocks of bytes from a stream, with a deadline for each. */
export class ByteReader {
  readonly #stream: Readable;
  #chunks: Buffer[] = [];
  #held = 0;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      if (this.#held > HIGH_WATER) stream.pause();
      this.#wake?.();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    stream.on('end', end).on('error', end).on('close', end);
  }

  /** Reads nothing more: whoever waits is told that the output ended. */
  stop(): void {
    this.#stream.destroy();
  }

  /** Bytes that arrived and were not read. */
  get unread(): number {
    return this.#held;
  }

  /**
   * The next line, without its end.
   *
   * @throws Breakdown where it is longer than `most` bytes, the stream ends, or the time is over.
   */
  async line(most: number, until: number): Promise<string> {
    let searched = 0;
    for (;;) {
      const held = this.#joined();
      const end = held.indexOf(0x0a, searched);
      if (end > most || (end === -1 && held.length > most)) {
        throw new Breakdown(`a line of its output is longer than ${most} bytes`);
      }
      if (end !== -1)
        return this.#take(end + 1)
          .subarray(0, end)
          .toString('utf8');
      searched = held.length;
      await this.#more(until, 'a whole line');
    }
  }

  /** The next `count` bytes. @throws Breakdown where the stream ends or the time is over. */
  async bytes(count: number, until: number): Promise<Buffer> {
    while (this.#held < count) await this.#more(until, `${count} bytes of tensors`);
    return this.#take(count);
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    this.#chunks = [whole];
    return whole;
  }

  #take(count: number): Buffer {
    const whole = this.#joined();
    this.#chunks = count === whole.length ? [] : [whole.subarray(count)];
    this.#held -= count;
    return whole.subarray(0, count);
  }

  async #more(until: number, what: string): Promise<void> {
    if (this.#ended) throw new Breakdown(`its output ended before ${what}`);
    const left = until - performance.now();
    if (left <= 0)
      throw new DeadlineMissed(`no answer within the deadline; still missing: ${what}`);
    this.#stream.resume();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left);
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
