import type { HostTensor, Named } from '../core/backend.js';
import { SPEC_VERSION } from '../spec/version.js';
import { Breakdown, DeadlineMissed, PortLost } from './breakdown.js';
import { type PortHello, PROTOCOL, type Request } from './messages.js';
import type { Answer, PortConnection } from './port-channel.js';
import { encodeTensors } from './tensor-frames.js';

export interface PortOptions {
  /**
   * Seconds that an answer may take. After one that did not come in time the port has less: four
   * times its slowest answer so far, and a second at least. @defaultValue 20
   */
  readonly deadline?: number;
  /** Seconds that a start may take. @defaultValue 30, or `deadline` where that is more */
  readonly startDeadline?: number;
  /** Breakdowns in a row, without an answer between, that end a run. @defaultValue 8 */
  readonly patience?: number;
}

/** A request without tensors, before the session numbers it. */
type Unnumbered<T extends Request['type']> = T extends unknown
  ? Omit<Extract<Request, { type: T }>, 'id'>
  : never;

/** Requests without what the session adds. */
export type Question =
  | { readonly type: 'echo' }
  | { readonly type: 'raise'; readonly message: string }
  | Pick<Extract<Request, { type: 'call' }>, 'type' | 'function' | 'attributes'>
  | {
      readonly type: 'compile';
      readonly program: number;
      readonly text: string;
      readonly donate?: readonly number[];
      readonly rows?: readonly number[];
    }
  | { readonly type: 'upload'; readonly rows?: boolean }
  | Unnumbered<'download' | 'free' | 'execute'>
  | { readonly type: 'run' | 'release'; readonly program: number };

/** After a missed deadline: so many times the slowest answer, and seconds at least. */
const SLOWER = 4;
const LEAST = 1;
/** Missed deadlines, in all, that end a run. */
const MOST_MISSED = 5;

/** A port that is started again after a breakdown, with a fresh process for what comes next. */
export class PortSession {
  readonly #start: () => Promise<PortConnection>;
  readonly #options: PortOptions;
  #process: PortConnection | undefined;
  #hello: PortHello | undefined;
  #id = 0;
  #breakdowns = 0;
  #missed = 0;
  /** Seconds of the slowest answer. */
  #slowest = 0;
  #starts = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param start Starts the port anew, or throws a Breakdown. */
  constructor(start: () => Promise<PortConnection>, options: PortOptions) {
    this.#start = start;
    this.#options = options;
  }

  /** How often it was started: programs do not outlive a start. */
  get starts(): number {
    return this.#starts;
  }

  /** What the port says of itself. @throws Breakdown where it does not. */
  async hello(): Promise<PortHello> {
    await this.#running();
    return this.#hello as PortHello;
  }

  /**
   * Asks the port, one question at a time.
   *
   * @throws Breakdown where it does not answer; the next question goes to a new process.
   * @throws PortLost after too many of those in a row.
   */
  async ask(question: Question, tensors: Named<HostTensor> = {}): Promise<Answer> {
    const asked = this.#turn.then(() => this.#ask(question, tensors));
    this.#turn = asked.catch(() => {});
    return asked;
  }

  async close(): Promise<void> {
    await this.#process?.bye();
    this.#process = undefined;
  }

  async #ask(question: Question, tensors: Named<HostTensor>): Promise<Answer> {
    const running = await this.#running();
    const { headers, frames } = encodeTensors(tensors);
    const id = this.#id++;
    let request: Request;
    let blocks = frames;
    switch (question.type) {
      case 'compile': {
        const text = new TextEncoder().encode(question.text);
        const { text: _, ...rest } = question;
        request = { ...rest, id, bytes: text.length };
        blocks = [text];
        break;
      }
      case 'release':
        request = { type: 'release', id, program: question.program };
        break;
      case 'download':
      case 'free':
      case 'execute':
        request = { ...question, id };
        break;
      case 'run':
        request = { type: 'run', id, program: question.program, tensors: headers };
        break;
      case 'raise':
        request = { ...question, id };
        break;
      default:
        request = { ...question, id, tensors: headers };
    }
    const start = performance.now();
    try {
      const answer = await running.exchange(request, blocks, this.#deadline());
      if (answer.reply.type === 'hello') throw new Breakdown('the port says hello twice');
      this.#slowest = Math.max(this.#slowest, (performance.now() - start) / 1000);
      this.#breakdowns = 0;
      return answer;
    } catch (error) {
      if (error instanceof DeadlineMissed) this.#missed += 1;
      await this.#fallen(running);
      throw error;
    }
  }

  #deadline(): number {
    const { deadline = 20 } = this.#options;
    const less = Math.max(LEAST, SLOWER * this.#slowest);
    return this.#missed === 0 ? deadline : Math.min(deadline, less);
  }

  async #running(): Promise<PortConnection> {
    if (this.#process !== undefined) return this.#process;
    const { patience = 8, deadline = 0, startDeadline = Math.max(30, deadline) } = this.#options;
    if (this.#missed >= MOST_MISSED) {
      throw new PortLost(
        `the port missed ${this.#missed} deadlines (--deadline gives it more time)`,
      );
    }
    if (this.#breakdowns >= patience) {
      throw new PortLost(`the port broke down ${this.#breakdowns} times in a row`);
    }
    const started = await this.#start().catch((error: unknown) => {
      this.#breakdowns += 1;
      throw error;
    });
    this.#starts += 1;
    try {
      const request = { type: 'hello', protocol: PROTOCOL, spec: SPEC_VERSION } as const;
      const { reply } = await started.exchange(request, [], startDeadline);
      if (reply.type !== 'hello') throw new Breakdown(`it answers hello with ${reply.type}`);
      if (this.#hello !== undefined && JSON.stringify(reply) !== JSON.stringify(this.#hello)) {
        throw new Breakdown('started again, it says something else of itself');
      }
      this.#hello = reply;
    } catch (error) {
      await this.#fallen(started);
      throw error;
    }
    this.#process = started;
    return started;
  }

  async #fallen(fallen: PortConnection): Promise<void> {
    this.#breakdowns += 1;
    this.#process = undefined;
    await fallen.kill();
  }
}
