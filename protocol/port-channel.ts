import type { Readable, Writable } from 'node:stream';
import type { HostTensor, Named } from '../core/backend.js';
import { Breakdown } from './breakdown.js';
import { ByteReader } from './byte-reader.js';
import {
  MAX_FRAMES,
  MAX_KEPT,
  MAX_LINE,
  parseReply,
  type Reply,
  type Request,
} from './messages.js';
import { decodeTensor, requireFit } from './tensor-frames.js';

/** A reply with its tensors. */
export interface Answer {
  readonly reply: Reply;
  readonly tensors: Named<HostTensor>;
}

/** Whoever answers the requests of the protocol. */
export interface PortConnection {
  /**
   * Sends a request and waits for its answer.
   *
   * @param seconds The deadline of the whole exchange.
   * @throws Breakdown where no right answer comes in time; the connection is then of no more use.
   */
  exchange(request: Request, frames: readonly Uint8Array[], seconds: number): Promise<Answer>;
  /** Asks it to end, and ends it. */
  bye(): Promise<void>;
  /** Ends it. */
  kill(): Promise<void>;
}

/** Requests and answers over two streams, whatever is at their other end. */
export class PortChannel {
  readonly #input: Writable;
  readonly #output: ByteReader;

  constructor(input: Writable, output: Readable) {
    this.#input = input;
    this.#output = new ByteReader(output);
  }

  /** As `PortConnection` has it. */
  async exchange(
    request: Request,
    frames: readonly Uint8Array[],
    seconds: number,
  ): Promise<Answer> {
    const until = performance.now() + 1000 * seconds;
    this.#requireSilence();
    this.#input.write(`${JSON.stringify(request)}\n`);
    for (const frame of frames) this.#input.write(frame);
    const reply = parseReply(await this.#output.line(MAX_LINE, until));
    const most = request.type === 'download' ? MAX_KEPT : MAX_FRAMES;
    const tensors = reply.type === 'result' ? await this.#tensors(reply, most, until) : {};
    const asked = 'id' in request ? request.id : undefined;
    const answered = 'id' in reply ? reply.id : undefined;
    if (asked !== answered) {
      throw new Breakdown(`it answers request ${answered}, not ${asked}`);
    }
    this.#requireSilence();
    return { reply, tensors };
  }

  /** Lets go of the output, whoever still holds the other end. */
  stop(): void {
    this.#output.stop();
  }

  async #tensors(
    { tensors: headers }: Extract<Reply, { type: 'result' }>,
    most: number,
    until: number,
  ): Promise<Named<HostTensor>> {
    const total = headers.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total > most) {
      throw new Breakdown(`its tensors have ${total} bytes, more than ${most}`);
    }
    for (const header of headers) requireFit(header);
    const tensors = new Map<string, HostTensor>();
    for (const header of headers) {
      if (tensors.has(header.name)) throw new Breakdown(`two results are called ${header.name}`);
      tensors.set(header.name, decodeTensor(header, await this.#output.bytes(header.bytes, until)));
    }
    return Object.fromEntries(tensors);
  }

  #requireSilence(): void {
    if (this.#output.unread === 0) return;
    throw new Breakdown(`it wrote ${this.#output.unread} bytes to stdout that nobody asked for`);
  }
}
