import type { CaptionEvent } from '../teacher/index.js';
import { duration } from './progress-line.js';

/** Seconds between two lines where the output is no terminal. */
const PLAIN_INTERVAL = 10;
/** Problems and notes that are told one by one; of more only the count is. */
const MAX_TOLD = 100;

/** What a display needs to know of the stream that it writes to. */
export interface DisplayStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** Shows how captions are made: on a terminal one line that is rewritten, elsewhere a line now and then. */
export class CaptionDisplay {
  readonly #stream: DisplayStream;
  #lastShown = Number.NEGATIVE_INFINITY;
  #told = 0;
  #open = false;

  constructor(stream: DisplayStream) {
    this.#stream = stream;
  }

  readonly show = (event: CaptionEvent): void => {
    switch (event.kind) {
      case 'resumed':
        this.line(`going on: ${event.done} of ${event.total} videos have their captions already`);
        return;
      case 'progress':
        this.#progress(event);
        return;
      case 'problem':
      case 'note': {
        this.#told += 1;
        if (this.#told > MAX_TOLD) return;
        const verb = event.kind === 'problem' ? 'left out ' : '';
        const more = event.others === 0 ? '' : ` and ${event.others} more`;
        this.line(`${verb}${printable(event.video)}${more}: ${printable(event.text)}`);
        if (this.#told === MAX_TOLD)
          this.line('(what else there is to say of videos is not shown)');
        return;
      }
      default:
        event satisfies never;
    }
  };

  /** A line of its own, above the one that is rewritten. */
  line(text: string): void {
    this.#stream.write(this.#stream.isTTY === true ? `\r\x1b[K${text}\n` : `${text}\n`);
    this.#open = false;
  }

  /** Ends the line that is rewritten. */
  end(): void {
    if (this.#open) this.#stream.write('\n');
    this.#open = false;
  }

  #progress({ done, total, secondsLeft }: CaptionEvent & { readonly kind: 'progress' }): void {
    const terminal = this.#stream.isTTY === true;
    const now = performance.now() / 1000;
    const last = done === total;
    if (!last && now - this.#lastShown < (terminal ? 0.1 : PLAIN_INTERVAL)) return;
    this.#lastShown = now;
    const percent = Math.floor((100 * done) / total);
    const text = `captions of ${done}/${total} videos  ${percent} %  ${duration(secondsLeft)} left`;
    if (!terminal) {
      this.#stream.write(`${text}\n`);
      return;
    }
    this.#stream.write(`\r\x1b[K${text.slice(0, Math.max(0, (this.#stream.columns || 80) - 1))}`);
    this.#open = true;
  }
}

/** Names of files and messages may hold what a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\uFFFD');
}
