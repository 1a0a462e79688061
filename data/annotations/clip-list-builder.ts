import { Sha256 } from '../../core/sha256.js';
import { LacunaError } from '../../spec/errors.js';
import { sampleWord } from '../../spec/random/sample-word.js';
import type { ClipList, ClipRecord } from './clip-record.js';
import { MAX_RECORDS, MAX_UNKNOWN_KEYS } from './limits.js';
import { show } from './record-fields.js';

/** Collects the records of a list and refuses those that would be mistaken for one another. */
export class ClipListBuilder {
  readonly #path: string;
  readonly #records: ClipRecord[] = [];
  readonly #seen = new Map<number, { readonly id: string; readonly where: string }>();
  readonly #captions = new Set<string>();
  readonly #unknownKeys = new Map<string, number>();
  readonly #digest = new Sha256();

  constructor(path: string) {
    this.#path = path;
  }

  add(where: string, record: Omit<ClipRecord, 'id'>): void {
    const { video, captions, label } = record;
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
    this.#digest.update(`${JSON.stringify([video, captions, label ?? null])}\n`);
  }

  countUnknownKey(key: string): void {
    const count = this.#unknownKeys.get(key) ?? 0;
    if (count > 0 || this.#unknownKeys.size < MAX_UNKNOWN_KEYS)
      this.#unknownKeys.set(key, count + 1);
  }

  build(): ClipList {
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
    };
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
