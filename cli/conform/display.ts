import type { Check } from '../../conformance/index.js';
import { duration } from '../progress-line.js';

/** Shows which check runs: on a terminal one line that is rewritten, elsewhere a line now and then. */
export class ConformDisplay {
  readonly #stream: NodeJS.WriteStream;
  readonly #total: number;
  readonly #start = performance.now();
  #last = 0;

  constructor(stream: NodeJS.WriteStream, total: number) {
    this.#stream = stream;
    this.#total = total;
  }

  readonly show = ({ id }: Pick<Check, 'id'>, done: number): void => {
    const seconds = (performance.now() - this.#start) / 1000;
    const left = done === 0 ? '' : `  ${duration((seconds / done) * (this.#total - done))} left`;
    const line = `[${String(done + 1).padStart(String(this.#total).length)}/${this.#total}] ${id}${left}`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\u001b[2K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
    } else if (seconds - this.#last > 10) {
      this.#last = seconds;
      this.#stream.write(`${line}\n`);
    }
  };

  /** Takes the line away. */
  readonly end = (): void => {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[2K');
  };
}
