import { Sha256 } from '../../core/sha256.js';
import { LacunaError } from '../../spec/errors.js';
import { sampleWord } from '../../spec/random/sample-word.js';
import type { ClipList, ClipRecord } from './clip-record.js';
import { MAX_BAD_CAPTIONS, MAX_BAD_LINES, MAX_RECORDS, MAX_UNKNOWN_KEYS } from './limits.js';
import { type Captions, show } from './record-fields.js';

/** Collects the records of a list and refuses those that would be mistaken for one another. */
export class ClipListBuilder {
  readonly #path: string;
  readonly #records: ClipRecord[] = [];
  readonly #seen = new Map<number, { readonly id: string; readonly where: string }>();
  readonly #captions = new Set<string>();
  readonly #unknownKeys = new Map<string, number>();
  readonly #digest = new Sha256();
  readonly #badCaptions = { count: 0, first: new Map<string, string>() };
  readonly #badLines: LacunaError[] = [];
  #badLineCount = 0;

  constructor(path: string) {
    this.#path = path;
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
    const { video, captions, label, labels } = record;
    const word = sampleWord(video);
    const earlier = this.#seen.get(word);
    if (earlier !== undefined) throw clash(where, video, earlier);
    if (this.#records.length === MAX_RECORDS) {
      throw new LacunaError({
        what: 'the list is too long',
        where,
        expected: `at most ${MAX_RECORDS} videos`,
      });
    }
    this.#seen.set(word, { id: video, where });
    this.#records.push({ id: video, ...record });
    for (const caption of captions) this.#captions.add(caption);
    this.#digest.update(
      `${JSON.stringify([video, captions, label ?? null, ...(labels === undefined ? [] : [labels])])}\n`,
    );
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
    if (kept.size < MAX_BAD_CAPTIONS) kept.set(record.video, first.message);
  }

  countUnknownKey(key: string): void {
    const count = this.#unknownKeys.get(key) ?? 0;
    if (count > 0 || this.#unknownKeys.size < MAX_UNKNOWN_KEYS)
      this.#unknownKeys.set(key, count + 1);
  }

  /** @throws LacunaError where a line could not be read, or there is none. */
  build(): ClipList {
    if (this.#badLineCount > 0) throw this.#refusal();
    if (this.#records.length === 0) {
      throw new LacunaError({
        what: 'the list has no videos',
        where: this.#path,
        expected: 'at least one line',
      });
    }
    return {
      records: this.#records,
      digest: this.#digest.hex(),
      distinctCaptions: this.#captions.size,
      unknownKeys: this.#unknownKeys,
      badCaptions: this.#badCaptions,
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

function clash(where: string, id: string, earlier: { id: string; where: string }): LacunaError {
  return earlier.id === id
    ? new LacunaError({
        what: 'the video is in the list twice',
        where,
        got: `${show(id)}, as at ${earlier.where}`,
        expected: 'each video once',
        fix: 'Put all captions of a video on one line: "captions": ["...", "..."].',
      })
    : new LacunaError({
        what: 'two videos would get the same random draws, since their names have the same digest',
        where,
        got: `${show(id)}, beside ${show(earlier.id)} at ${earlier.where}`,
        expected: 'names with different digests',
        fix: 'Rename one of them.',
      });
}
