import { readPlainFile } from '../../formats/plain-file.js';
import { LacunaError } from '../../spec/errors.js';
import { show } from './record-fields.js';

/** Bytes of an annotation file that is one JSON value. */
const MAX_BYTES = 2 ** 28;
/** Brackets within brackets: annotations have a handful. */
const MAX_DEPTH = 64;

/** A part of a JSON text: where it lies, and what it says. */
export interface JsonValue {
  /** `FILE:LINE`, for messages. */
  readonly where: string;
  /** Its key, where it stands in an object. */
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/**
 * The text of a file that is one JSON value, walked member by member: each is known by its line, and only
 * one at a time is held as a value.
 */
export class JsonText {
  readonly path: string;
  readonly root: JsonValue;
  readonly #text: string;

  constructor(path: string, text: string) {
    this.path = path;
    this.#text = text;
    const [start, line] = this.#blank(0, 1);
    const [end, last] = this.#skip(start, line);
    const [rest, where] = this.#blank(end, last);
    if (rest < text.length) throw this.#broken(where, 'something stands behind the end');
    this.root = { where: `${path}:${line}`, key: '', start, end, line };
  }

  /** @throws LacunaError for what cannot be read, is no UTF-8, or no JSON. */
  static async read(path: string): Promise<JsonText> {
    const bytes = await readPlainFile(path, MAX_BYTES);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new LacunaError({ where: path, what: 'the file is not UTF-8 text' }, { cause });
    }
    return new JsonText(path, text);
  }

  /** Whether a value is an array, an object, or anything else. */
  kindOf({ start }: JsonValue): 'array' | 'object' | 'other' {
    const first = this.#text[start];
    return first === '[' ? 'array' : first === '{' ? 'object' : 'other';
  }

  /** What a value says. */
  valueOf({ where, start, end }: JsonValue): unknown {
    const text = this.#text.slice(start, end);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new LacunaError({ where, what: 'this is not JSON', got: show(text) }, { cause });
    }
  }

  /** The members of an object, or the items of an array, in order; of anything else none. */
  *members(parent: JsonValue): Generator<JsonValue, void> {
    const kind = this.kindOf(parent);
    if (kind === 'other') return;
    let [at, line] = this.#blank(parent.start + 1, parent.line);
    if (this.#text[at] === (kind === 'array' ? ']' : '}')) return;
    for (;;) {
      let key = '';
      if (kind === 'object') {
        if (this.#text[at] !== '"') throw this.#broken(line, 'a key is missing');
        const end = this.#skip(at, line)[0];
        key = String(this.valueOf({ where: `${this.path}:${line}`, key, start: at, end, line }));
        [at, line] = this.#blank(end, line);
        if (this.#text[at] !== ':') throw this.#broken(line, 'a colon is missing');
        [at, line] = this.#blank(at + 1, line);
      }
      const [end, last] = this.#skip(at, line);
      yield { where: `${this.path}:${line}`, key, start: at, end, line };
      [at, line] = this.#blank(end, last);
      const next = this.#text[at];
      if (at >= parent.end - 1) {
        if (next === (kind === 'array' ? ']' : '}')) return;
        throw this.#broken(line, 'the closing bracket is of the other kind');
      }
      if (next !== ',') throw this.#broken(line, 'a comma is missing');
      [at, line] = this.#blank(at + 1, line);
    }
  }

  /** The first place from `at` on that is not blank, and its line. */
  #blank(at: number, line: number): [at: number, line: number] {
    let [place, number] = [at, line];
    for (; place < this.#text.length; place++) {
      const code = this.#text.charCodeAt(place);
      if (code === 0x0a) number++;
      else if (code !== 0x20 && code !== 0x0d && code !== 0x09 && code !== 0xfeff) break;
    }
    return [place, number];
  }

  /** The end of the value that begins at `at`, and the line that it ends on. */
  #skip(at: number, line: number): [at: number, line: number] {
    const text = this.#text;
    let depth = 0;
    let number = line;
    let place = at;
    while (place < text.length) {
      const code = text.charCodeAt(place);
      if (code === QUOTE) place = this.#endOfText(place, number);
      else {
        place++;
        if (code === 0x0a) number++;
        else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
          if (++depth > MAX_DEPTH)
            throw this.#broken(number, `more than ${MAX_DEPTH} brackets deep`);
        } else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) depth--;
        else if (depth === 0) while (place < text.length && !ENDS.test(text[place] ?? '')) place++;
      }
      if (depth < 0) throw this.#broken(number, 'a value is missing');
      if (depth === 0 && place > at) return [place, number];
    }
    throw this.#broken(number, place === at ? 'a value is missing' : 'the end is missing');
  }

  #endOfText(start: number, line: number): number {
    const text = this.#text;
    for (let place = start + 1; place < text.length; place++) {
      const code = text.charCodeAt(place);
      if (code === QUOTE) return place + 1;
      if (code === BACKSLASH) place++;
      else if (code < 0x20) break;
    }
    throw this.#broken(line, 'a text has no end on its line');
  }

  #broken(line: number, got: string): LacunaError {
    return new LacunaError({
      where: `${this.path}:${line}`,
      what: 'the annotations are not JSON',
      got,
      fix: 'Fetch the file again if it was cut off, or mend this line.',
    });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const ENDS = /[\s,:\]}[{"]/;
