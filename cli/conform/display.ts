import type { Check } from '../../conformance/index.js';
import { duration } from '../../core/duration.js';
import { type LineStream, TerminalLine } from '../terminal-line.js';

/** Shows which check runs: on a terminal one line that is rewritten, elsewhere a line now and then. */
export class ConformDisplay {
  readonly #line: TerminalLine;
  readonly #total: number;
  readonly #start = performance.now();

  constructor(stream: LineStream, total: number) {
    this.#line = new TerminalLine(stream);
    this.#total = total;
  }

  readonly show = ({ id }: Pick<Check, 'id'>, done: number): void => {
    const seconds = (performance.now() - this.#start) / 1000;
    const left = done === 0 ? '' : `  ${duration((seconds / done) * (this.#total - done))} left`;
    const line = `[${String(done + 1).padStart(String(this.#total).length)}/${this.#total}] ${id}${left}`;
    this.#line.show(line);
  };

  /** Takes the line away. */
  readonly end = (): void => this.#line.clear();
}
