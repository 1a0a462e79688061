import { LacunaError } from '../../spec/errors.js';
import { MAX_LINE_LENGTH } from '../limits.js';
import { LineScanner } from './line-scanner.js';

/** Reads a text line by line; every line ends with a newline. */
export class TextReader {
  readonly #text: string;
  readonly #where: string;
  #position = 0;
  #row = 0;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
  }

  /** The text and the number of the line that was read last. */
  get place(): string {
    return `${this.#where}, line ${this.#row}`;
  }

  /** The place `lines` lines below the next one. */
  placeAfter(lines: number): string {
    return `${this.#where}, line ${this.#row + 1 + lines}`;
  }

  /** The next line. @throws LacunaError where there is none, or it is too long or not ASCII. */
  line(): LineScanner {
    this.#row += 1;
    const end = this.#text.indexOf('\n', this.#position);
    if (end === -1) {
      throw new LacunaError({
        where: this.place,
        what: 'the text breaks off',
        expected: "a last line 'end' and a newline",
        fix: 'Take the whole file.',
      });
    }
    const length = end - this.#position;
    if (length > MAX_LINE_LENGTH) {
      throw new LacunaError({
        where: this.place,
        what: 'the line is too long',
        got: `${length} characters`,
        expected: `at most ${MAX_LINE_LENGTH}`,
      });
    }
    const line = this.#text.slice(this.#position, end);
    const column = line.search(/[^ -~]/);
    if (column !== -1) {
      throw new LacunaError({
        where: `${this.place}, column ${column + 1}`,
        what: 'a character is not allowed',
        got: `U+${(line.codePointAt(column) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
        expected: 'printable ASCII, lines that end with a newline alone',
      });
    }
    this.#position = end + 1;
    return new LineScanner(line, this.place);
  }

  /** All that was not read. */
  remainder(): string {
    return this.#text.slice(this.#position);
  }
}
