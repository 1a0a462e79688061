import { type ErrorFacts, LacunaError } from '../../spec/errors.js';
import {
  type AttributeValue,
  DTYPES,
  type DType,
  type TensorType,
} from '../../spec/program/index.js';
import { MAX_RANK } from '../limits.js';
import { shorten } from '../shorten.js';
import { formatNumber } from './print.js';

const NAME = /[A-Za-z0-9_][A-Za-z0-9_.-]*/y;
const WORD = /[a-z][a-z0-9_]*/y;
const NATURAL = /(?:0|[1-9][0-9]*)(?![0-9])/y;
const NUMBER = /nan|-?inf|-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?/y;
const STRING = /"[ !#-[\]-~]*"/y;

/** Reads one line of a text from left to right; what it does not find is an error with its column. */
export class LineScanner {
  readonly #line: string;
  readonly #where: string;
  #position = 0;

  /** `where` tells the text and the line. */
  constructor(line: string, where: string) {
    this.#line = line;
    this.#where = where;
  }

  /** Where the next character stands, from 1. */
  get column(): number {
    return this.#position + 1;
  }

  /** Whether `text` comes next; if so it is passed over. */
  skip(text: string): boolean {
    if (!this.#line.startsWith(text, this.#position)) return false;
    this.#position += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.skip(text)) this.fail({ what: 'the line is not well formed', expected: `'${text}'` });
  }

  end(): void {
    if (this.#position === this.#line.length) return;
    this.fail({ what: 'the line goes on where it should end', expected: 'the end of the line' });
  }

  rest(): string {
    const rest = this.#line.slice(this.#position);
    this.#position = this.#line.length;
    return rest;
  }

  /** A name of a program, an output or, after `%`, a value. */
  name(): string {
    return this.#match(NAME, 'a name');
  }

  /** `%name` */
  value(): string {
    this.expect('%');
    return this.name();
  }

  /** The name of an operation, a composite, an attribute or a role. */
  word(what: string): string {
    return this.#match(WORD, what);
  }

  /** One or more items with a comma and a space between them. */
  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.skip(', ')) items.push(item());
    return items;
  }

  /** `f32[2,3]` */
  type(): TensorType {
    const start = this.#position;
    const word = this.word('an element type');
    const dtype = DTYPES.find((known): known is DType => known === word);
    if (dtype === undefined) {
      this.#position = start;
      this.fail({ what: 'there is no such element type', expected: DTYPES.join(', ') });
    }
    this.expect('[');
    const shape: number[] = [];
    if (this.skip(']')) return { dtype, shape };
    do {
      if (shape.length === MAX_RANK) this.fail({ what: `there are more than ${MAX_RANK} axes` });
      shape.push(Number(this.#match(NATURAL, 'an extent')));
    } while (this.skip(','));
    this.expect(']');
    return { dtype, shape };
  }

  /** A number, `true`, `false`, a string or a list of numbers. */
  attribute(): AttributeValue {
    if (this.skip('true')) return true;
    if (this.skip('false')) return false;
    if (this.#line[this.#position] === '"') {
      return this.#match(STRING, 'a string of printable characters without \\').slice(1, -1);
    }
    if (!this.skip('[')) return this.#number();
    const list: number[] = [];
    if (this.skip(']')) return list;
    do list.push(this.#number());
    while (this.skip(','));
    this.expect(']');
    return list;
  }

  fail(facts: ErrorFacts): never {
    const next = this.#line.slice(this.#position);
    throw new LacunaError({
      got: next === '' ? 'the end of the line' : `'${shorten(next)}'`,
      ...facts,
      where: `${this.#where}, column ${this.column}`,
    });
  }

  #number(): number {
    const start = this.#position;
    const text = this.#match(NUMBER, 'a number');
    const value = numberOf(text);
    const canonical = formatNumber(value);
    if (text === canonical) return value;
    this.#position = start;
    return this.fail({
      what: 'a number is not in its shortest form',
      got: shorten(text),
      expected: canonical,
      fix: `Write ${canonical}.`,
    });
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#position;
    const [text] = pattern.exec(this.#line) ?? [];
    if (text === undefined) this.fail({ what: 'the line is not well formed', expected: what });
    this.#position += text.length;
    return text;
  }
}

function numberOf(text: string): number {
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  return text === '-inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
