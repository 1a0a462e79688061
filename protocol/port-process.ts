import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { Breakdown, DeadlineMissed } from './breakdown.js';
import type { Request } from './messages.js';
import { type Answer, PortChannel, type PortConnection } from './port-channel.js';
import { endTree, MARK_NAME } from './process-tree.js';

/** How much of what it writes to stderr is kept for messages. */
const STDERR_TAIL = 2000;
/** Milliseconds that a process whose output has ended is given to say how it exited. */
const EXIT_GRACE = 1000;

/** One run of a port's program. It restarts nothing: see `PortSession`. */
export class PortProcess implements PortConnection {
  readonly #end: () => void;
  readonly #errors: Readable;
  readonly #input: Writable;
  readonly #channel: PortChannel;
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
    this.#channel = new PortChannel(input, output);
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

  async exchange(
    request: Request,
    frames: readonly Uint8Array[],
    seconds: number,
  ): Promise<Answer> {
    try {
      return await this.#channel.exchange(request, frames, seconds);
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
    this.#channel.stop();
    this.#errors.destroy();
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
