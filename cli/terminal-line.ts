import { visibleLine } from './visible-text.js';

/** What is needed of the stream that is written to. */
export interface LineStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(chunk: string | Uint8Array): boolean;
}

/** Milliseconds between two states, on a terminal and elsewhere. */
const PAUSE = { terminal: 100, plain: 10_000 };
/** To the first column, and nothing right of it. As bytes, since in a text it would be spelled. */
const CLEAR: Uint8Array = new TextEncoder().encode('\r\u001b[K');

/**
 * How far something is: on a terminal one line that is rewritten, elsewhere a line now and then; and
 * lines that stay, above it. No text can leave its line.
 */
export class TerminalLine {
  readonly #stream: LineStream;
  #shown = Number.NEGATIVE_INFINITY;
  #open = false;

  constructor(stream: LineStream) {
    this.#stream = stream;
  }

  /** Shows a state in the place of the one before, if some time went by; the `last` one always. */
  show(text: string, last: boolean = false): void {
    const { isTTY = false, columns } = this.#stream;
    const now = performance.now();
    if (!last && now - this.#shown < (isTTY ? PAUSE.terminal : PAUSE.plain)) return;
    this.#shown = now;
    if (!isTTY) {
      this.line(text);
      return;
    }
    this.#stream.write(CLEAR);
    this.#stream.write(visibleLine(text).slice(0, Math.max(0, (columns || 80) - 1)));
    this.#open = true;
    if (last) this.end();
  }

  /** A line that stays. */
  line(text: string): void {
    this.clear();
    this.#stream.write(`${visibleLine(text)}\n`);
  }

  /** Ends the line that is rewritten; its last state stays. */
  end(): void {
    if (this.#open) this.#stream.write('\n');
    this.#open = false;
  }

  /** Takes the line that is rewritten away. */
  clear(): void {
    if (this.#open) this.#stream.write(CLEAR);
    this.#open = false;
  }
}
