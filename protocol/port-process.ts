import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import type { HostTensor, Named } from '../core/backend.js';
import { Breakdown, DeadlineMissed } from './breakdown.js';
import { ByteReader } from './byte-reader.js';
import { MAX_FRAMES, MAX_LINE, parseReply, type Reply, type Request } from './messages.js';
import { endTree, MARK_NAME } from './process-tree.js';
import { decodeTensor, requireFit } from './tensor-frames.js';

/** How much of what it writes to stderr is kept for messages. */
const STDERR_TAIL = 2000;
/** Milliseconds that a process whose output has ended is given to say how it exited. */
const EXIT_GRACE = 1000;

/** A reply with its tensors. */
export interface Answer {
  readonly reply: Reply;
  readonly tensors: Named<HostTensor>;
}

/** One run of a port's program. It restarts nothing: see `PortSession`. */
export class PortProcess {
  readonly #end: () => void;
  readonly #errors: Readable;
  readonly #input: Writable;
  readonly #output: ByteReader;
  readonly #closed: Promise<void>;
  #stderr = '';
  #exit: string | undefined;

  /** @throws Breakdown where there is no such program. */
  static async start(words: readonly string[], folder?: string): Promise<PortProcess> {
    const [program = '', ...rest] = words;
    const mark = randomUUID();
    // Its own process group and a mark, so that what it started ends with it.
    const child = spawn(program, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      env: { ...process.env, [MARK_NAME]: mark },
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new Breakdown(`it does not start: ${error.message}`)));
    });
    return new PortProcess(child, mark, child.stdin, child.stdout, child.stderr);
  }

  private constructor(
    child: ChildProcess,
    mark: string,
    input: Writable,
    output: Readable,
    errors: Readable,
  ) {
    const { pid } = child;
    this.#end = () => endTree(pid, mark);
    this.#input = input;
    this.#errors = errors;
    this.#output = new ByteReader(output);
    // A port that died is noticed when its answer is read.
    input.on('error', () => {});
    errors.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-STDERR_TAIL);
    });
    this.#closed = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = signal === null ? `exit code ${code}` : `signal ${signal}`;
        // What it started would hold its output open, and the run with it.
        this.#end();
        void delay(EXIT_GRACE).then(() => this.#stop());
      });
      child.once('close', () => resolve());
    });
    process.once('exit', this.#end);
    child.once('close', () => process.off('exit', this.#end));
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @param seconds The deadline of the whole exchange.
   * @throws Breakdown where no right answer comes in time; the process is then of no more use.
   */
  async exchange(
    request: Request,
    frames: readonly Uint8Array[],
    seconds: number,
  ): Promise<Answer> {
    const until = performance.now() + 1000 * seconds;
    try {
      this.#requireSilence();
      this.#input.write(`${JSON.stringify(request)}\n`);
      for (const frame of frames) this.#input.write(frame);
      const reply = parseReply(await this.#output.line(MAX_LINE, until));
      const tensors = reply.type === 'result' ? await this.#tensors(reply, until) : {};
      const asked = 'id' in request ? request.id : undefined;
      const answered = 'id' in reply ? reply.id : undefined;
      if (asked !== answered) {
        throw new Breakdown(`it answers request ${answered}, not ${asked}`);
      }
      this.#requireSilence();
      return { reply, tensors };
    } catch (error) {
      if (!(error instanceof Breakdown)) throw error;
      const message = await this.#explained(error.message);
      throw error instanceof DeadlineMissed ? new DeadlineMissed(message) : new Breakdown(message);
    }
  }

  /** Asks it to exit, and ends it where it has not within a second. */
  async bye(): Promise<void> {
    this.#input.end(`${JSON.stringify({ type: 'bye' } satisfies Request)}\n`);
    await Promise.race([this.#closed, delay(EXIT_GRACE)]);
    await this.kill();
  }

  /** Ends it and what it started. */
  async kill(): Promise<void> {
    this.#end();
    await Promise.race([this.#closed, delay(EXIT_GRACE)]);
    this.#stop();
  }

  /** Lets go of its output, whoever still holds the other end. */
  #stop(): void {
    this.#output.stop();
    this.#errors.destroy();
  }

  async #tensors(
    { tensors: headers }: Extract<Reply, { type: 'result' }>,
    until: number,
  ): Promise<Named<HostTensor>> {
    const total = headers.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total > MAX_FRAMES) {
      throw new Breakdown(`its tensors have ${total} bytes, more than ${MAX_FRAMES}`);
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

  /** What is wrong, how the process ended where it did, and the end of what it wrote to stderr. */
  async #explained(what: string): Promise<string> {
    if (what.startsWith('its output ended')) await Promise.race([this.#closed, delay(EXIT_GRACE)]);
    const ended = this.#exit === undefined ? '' : ` (${this.#exit})`;
    const tail = this.#stderr.trim();
    return `the port broke down: ${what}${ended}${tail === '' ? '' : `\nstderr: ${tail}`}`;
  }
}

async function delay(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
