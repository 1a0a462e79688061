import { duration } from '../core/duration.js';
import type { CaptionEvent } from '../teacher/index.js';
import { type LineStream, TerminalLine } from './terminal-line.js';

/** Problems and notes that are told one by one; of more only the count is. */
const MAX_TOLD = 100;

/** Shows how captions are made: on a terminal one line that is rewritten, elsewhere a line now and then. */
export class CaptionDisplay {
  readonly #line: TerminalLine;
  #told = 0;

  constructor(stream: LineStream) {
    this.#line = new TerminalLine(stream);
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
        this.line(`${verb}${event.video}${more}: ${event.text}`);
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
    this.#line.line(text);
  }

  /** Ends the line that is rewritten. */
  end(): void {
    this.#line.end();
  }

  #progress({ done, total, secondsLeft }: CaptionEvent & { readonly kind: 'progress' }): void {
    const percent = Math.floor((100 * done) / total);
    const text = `captions of ${done}/${total} videos  ${percent} %  ${duration(secondsLeft)} left`;
    this.#line.show(text, done === total);
  }
}
