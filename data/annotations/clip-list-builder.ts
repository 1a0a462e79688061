import { Sha256 } from '../../core/sha256.js';
import { LacunaError } from '../../spec/errors.js';
import { sampleWord } from '../../spec/random/sample-word.js';
import { partName } from './clip-part.js';
import { type ClipList, type ClipRecord, recordLine } from './clip-record.js';
import { MAX_BAD_CAPTIONS, MAX_BAD_LINES, MAX_RECORDS, MAX_UNKNOWN_KEYS } from './limits.js';
import { type Captions, show } from './record-fields.js';

/** Collects the records of a list and refuses those that would be mistaken for one another. */
export class ClipListBuilder {
  readonly #path: string;
  readonly #format: string;
  readonly #records: ClipRecord[] = [];
  readonly #seen = new Map<number, { readonly name: string; readonly where: string }>();
  readonly #captions = new Set<string>();
  readonly #unknownKeys = new Map<string, number>();
  readonly #digest = new Sha256();
  readonly #badCaptions = { count: 0, first: new Map<string, string>() };
  readonly #badLines: LacunaError[] = [];
  #badParts: ClipList['badParts'] = { count: 0 };
  #badLineCount = 0;

  /** @param format What the file is taken for. */
  constructor(path: string, format: string) {
    this.#path = path;
    this.#format = format;
  }

  /** Takes what `read` makes of a line; one that cannot be read is told of in the end, with the others. */
  line(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      this.#badLineCount += 1;
      if (this.#badLines.length < MAX_BAD_LINES) this.#badLines.push(error);
    }
  }

  add(where: string, record: Omit<ClipRecord, 'id'>): void {
    const { video, captions, part } = record;
    const name = part === undefined ? video : `${video}${partName(part)}`;
    const { id, word, earlier } = this.#free(name);
    if (earlier !== undefined) throw twice(where, name, earlier);
    if (this.#records.length === MAX_RECORDS) {
      throw new LacunaError({
        what: 'the list is too long',
        where,
        expected: `at most ${MAX_RECORDS} videos`,
      });
    }
    this.#seen.set(word, { name, where });
    this.#records.push({ id, ...record });
    for (const caption of captions) this.#captions.add(caption);
    this.#digest.update(recordLine(record));
  }

  /**
   * A free place for a name: two names with one digest would get the same random draws, so the later one is
   * known as `NAME~1` (`~2`, ...). Of 100,000 names two have one digest more often than not.
   */
  #free(name: string): { readonly id: string; readonly word: number; readonly earlier?: string } {
    for (let tries = 0; ; tries++) {
      const id = tries === 0 ? name : `${name}~${tries}`;
      const word = sampleWord(id);
      const taken = this.#seen.get(word);
      if (taken === undefined) return { id, word };
      if (taken.name === name) return { id, word, earlier: taken.where };
    }
  }

  /** Adds a record whose captions were read one by one. */
  addCaptioned(
    where: string,
    record: Omit<ClipRecord, 'id' | 'captions'>,
    { captions, bad }: Captions,
  ): void {
    this.add(where, { ...record, captions });
    const [first] = bad;
    if (first === undefined) return;
    this.#badCaptions.count += bad.length;
    const { first: kept } = this.#badCaptions;
    const id = this.#records.at(-1)?.id ?? record.video;
    if (kept.size < MAX_BAD_CAPTIONS) kept.set(id, first.message);
  }

  /** A part that is none: its record is left out. */
  countBadPart(error: LacunaError): void {
    const { count, first = error.message } = this.#badParts;
    this.#badParts = { count: count + 1, first };
  }

  countUnknownKey(key: string): void {
    const count = this.#unknownKeys.get(key) ?? 0;
    if (count > 0 || this.#unknownKeys.size < MAX_UNKNOWN_KEYS)
      this.#unknownKeys.set(key, count + 1);
  }

  /** @throws LacunaError where a line could not be read. */
  refuseBadLines(): void {
    if (this.#badLineCount > 0) throw this.#refusal();
  }

  /** @throws LacunaError where a line could not be read, or there is none. */
  build(): ClipList {
    this.refuseBadLines();
    if (this.#records.length === 0) {
      throw new LacunaError({
        what: 'the list has no videos',
        where: this.#path,
        ...(this.#badParts.first === undefined
          ? {}
          : { got: this.#badParts.first.replace(/\.$/, '') }),
        expected: 'at least one line',
      });
    }
    return {
      format: this.#format,
      records: this.#records,
      digest: this.#digest.hex(),
      distinctCaptions: this.#captions.size,
      unknownKeys: this.#unknownKeys,
      badCaptions: this.#badCaptions,
      badParts: this.#badParts,
    };
  }

  /** The first bad line in full, the others with what is wrong. */
  #refusal(): LacunaError {
    const [first, ...others] = this.#badLines as [LacunaError, ...LacunaError[]];
    if (others.length === 0) return first;
    const told = others.map(({ facts: { where, what } }) => `${where} (${what})`).join(', ');
    const untold = this.#badLineCount - this.#badLines.length;
    const wrong = `Wrong as well: ${told}${untold === 0 ? '' : ` and ${untold} lines more`}.`;
    const { fix } = first.facts;
    return new LacunaError({ ...first.facts, fix: fix === undefined ? wrong : `${fix} ${wrong}` });
  }
}

function twice(where: string, name: string, earlier: string): LacunaError {
  return new LacunaError({
    what: 'the video is in the list twice',
    where,
    got: `${show(name)}, as at ${earlier}`,
    expected: 'each video, or part of one, once',
    fix: 'Put all captions of a video on one line: "captions": ["...", "..."].',
  });
}
