import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { Breakdown } from './breakdown.js';
import type { Request } from './messages.js';
import { type Answer, PortChannel, type PortConnection } from './port-channel.js';

/** How much of what it writes to stderr is kept for messages. */
const STDERR_TAIL = 2000;
/** Milliseconds that a process whose output has ended is given to say how it exited. */
const EXIT_GRACE = 1000;

/** One run of a port's program. It restarts nothing: see `PortSession`. */
export class PortProcess implements PortConnection {
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #channel: PortChannel;
  readonly #closed: Promise<void>;
  #stderr = '';
  #exit: string | undefined;

  /** @throws Breakdown where there is no such program. */
  static async start(words: readonly string[], folder?: string): Promise<PortProcess> {
    const [program = '', ...rest] = words;
    // Its own process group, so that what it started ends with it.
    const child = spawn(program, rest, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new Breakdown(`it does not start: ${error.message}`)));
    });
    return new PortProcess(child, child.stdin, child.stdout, child.stderr);
  }

  private constructor(child: ChildProcess, input: Writable, output: Readable, errors: Readable) {
    this.#child = child;
    this.#input = input;
    this.#channel = new PortChannel(input, output);
    // A port that died is noticed when its answer is read.
    input.on('error', () => {});
    errors.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-STDERR_TAIL);
    });
    this.#closed = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#exit = signal === null ? `exit code ${code}` : `signal ${signal}`;
      });
      child.once('close', () => resolve());
    });
    const { pid } = child;
    const last = (): void => killGroup(pid);
    process.once('exit', last);
    child.once('close', () => process.off('exit', last));
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
      throw new Breakdown(await this.#explained(error.message));
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
    if (this.#exit === undefined) killGroup(this.#child.pid);
    await Promise.race([this.#closed, delay(EXIT_GRACE)]);
  }

  /** What is wrong, how the process ended where it did, and the end of what it wrote to stderr. */
  async #explained(what: string): Promise<string> {
    if (what.startsWith('its output ended')) await Promise.race([this.#closed, delay(EXIT_GRACE)]);
    const ended = this.#exit === undefined ? '' : ` (${this.#exit})`;
    const tail = this.#stderr.trim();
    return `the port broke down: ${what}${ended}${tail === '' ? '' : `\nstderr: ${tail}`}`;
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

async function delay(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
