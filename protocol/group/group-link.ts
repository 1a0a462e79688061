import type { Socket } from 'node:net';
import { type GroupMessage, MAX_GROUP_LINE, parseGroupMessage } from './messages.js';

/** Milliseconds between two signs of life. */
const BEAT_MS = 1000;

/** What happens on a connection between two processes. */
export interface LinkEvents {
  readonly onMessage: (message: GroupMessage) => void;
  /** It is of no more use, for this reason; told once. */
  readonly onEnd: (reason: string) => void;
}

/** A connection between two processes: a line of JSON a message, and signs of life. */
export class GroupLink {
  readonly #socket: Socket;
  readonly #events: LinkEvents;
  readonly #longest: () => number;
  readonly #timer: NodeJS.Timeout;
  #parts: Buffer[] = [];
  #held = 0;
  #silent = 0;
  #isOver = false;

  /**
   * @param patience Signs of life that may be missing in a row: read whenever one is due.
   * @param longest Bytes of the longest line that is taken: read whenever a piece of one has come.
   */
  constructor(
    socket: Socket,
    events: LinkEvents,
    patience: () => number,
    longest: () => number = () => MAX_GROUP_LINE,
  ) {
    this.#socket = socket;
    this.#events = events;
    this.#longest = longest;
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => this.#take(piece));
    socket.on('error', ({ message }) => this.#over(message));
    socket.on('close', () => this.#over('its connection has ended'));
    // Beats are counted, not seconds: while this process is busy itself, it counts none.
    this.#timer = setInterval(() => {
      this.#silent += 1;
      if (this.#silent > patience())
        this.#over(`it has said nothing for ${this.#silent - 1} seconds`);
      else this.send({ type: 'alive' });
    }, BEAT_MS);
  }

  send(message: GroupMessage): void {
    if (!this.#isOver) this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends what is under way, and ends; nothing more is told. */
  close(last?: GroupMessage): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    if (last === undefined) this.#socket.end();
    else this.#socket.end(`${JSON.stringify(last)}\n`);
    // Whatever comes yet is thrown away.
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    // Whoever does not take it holds up nobody.
    this.#socket.unref();
  }

  /** Ends it at once, without a word; nothing more is told. */
  drop(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#socket.destroy();
  }

  #take(piece: Buffer): void {
    this.#silent = 0;
    let rest = piece;
    for (let end = rest.indexOf(10); end !== -1 && !this.#isOver; end = rest.indexOf(10)) {
      if (this.#held + end > this.#longest()) break;
      this.#parts.push(rest.subarray(0, end));
      const message = parseGroupMessage(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#held = 0;
      rest = rest.subarray(end + 1);
      if (message === undefined) this.#over('it says what is no message');
      else this.#events.onMessage(message);
    }
    if (this.#isOver) return;
    this.#parts.push(rest);
    this.#held += rest.length;
    if (this.#held > this.#longest()) this.#over('it says what has no end');
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.drop();
    this.#events.onEnd(reason);
  }
}
