import { duration } from '../core/duration.js';
import type { Watch } from '../evaluation/index.js';
import type { DataProblem } from '../run/index.js';
import { type LineStream, TerminalLine } from './terminal-line.js';

/** Clips that are told of one by one; of more only the count is. */
const MAX_TOLD = 100;

/** Shows how far it is to judge a model, and the clips that are left out. */
export class EvaluationDisplay implements Watch {
  readonly #line: TerminalLine;
  #evaluator = '';
  #begin = 0;
  #leftOut = 0;

  constructor(stream: LineStream) {
    this.#line = new TerminalLine(stream);
  }

  /** What is done from now on: `retrieval`. */
  begins(evaluator: string): void {
    this.#evaluator = evaluator;
    this.#leftOut = 0;
    this.#begin = performance.now();
  }

  readonly onProgress = (what: string, done: number, total: number): void => {
    const seconds = duration((performance.now() - this.#begin) / 1000);
    this.#line.show(`${this.#evaluator}: ${done} of ${total} ${what}, after ${seconds}`);
  };

  readonly onProblem = ({ reason }: DataProblem): void => {
    this.#leftOut += 1;
    if (this.#leftOut <= MAX_TOLD) this.#line.line(`left out: ${reason}`);
    if (this.#leftOut === MAX_TOLD) this.#line.line('(what else is left out is counted only)');
  };

  /** How many clips were left out. */
  ends(): number {
    this.#line.clear();
    return this.#leftOut;
  }
}
