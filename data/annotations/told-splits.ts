import { LacunaError } from '../../spec/errors.js';
import { readLines } from './read-lines.js';
import { show } from './record-fields.js';
import { columnsOf, tableRows } from './text-table.js';

/** Whether a split is a file with its ids, and not the name that annotations give it. */
export function isSplitFile(split: string): boolean {
  return /[./\\]/.test(split);
}

/** The names that splits have, and how sets call them. */
const SPLITS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  val: ['val', 'valid', 'validate', 'validation'],
  test: ['test', 'testing'],
};

/** The splits that a file tells, beside the one that is asked for. */
export class ToldSplits {
  readonly #path: string;
  readonly #asked: string | undefined;
  /** What a name stands for; undefined where no name is asked for. */
  readonly #name: string | undefined;
  readonly #counts = new Map<string, number>();

  /** @param asked The name of a split; a file of ids, or undefined, for all. */
  constructor(path: string, asked: string | undefined) {
    this.#path = path;
    this.#asked = asked;
    this.#name = asked === undefined || isSplitFile(asked) ? undefined : nameOf(asked);
  }

  /** Whether what says that it is of this split is taken. */
  takes(own: string = ''): boolean {
    this.#counts.set(own, (this.#counts.get(own) ?? 0) + 1);
    return this.#name === undefined || nameOf(own) === this.#name;
  }

  /**
   * @param onNote Told where a file tells of several splits, and none is named.
   * @throws LacunaError for a split that the file has nothing of.
   */
  check(onNote: (sentence: string) => void): void {
    const told = [...this.#counts].filter(([own]) => own !== '');
    const counts = told
      .slice(0, 20)
      .map(([own, count]) => `${own} ${count}`)
      .join(', ')
      .slice(0, 200);
    if (this.#name === undefined || this.#asked === undefined) {
      if (told.length > 1 && this.#asked === undefined)
        onNote(
          `${this.#path}: it tells of splits (${counts}), and all are taken; --split names one.`,
        );
      return;
    }
    if (told.some(([own]) => nameOf(own) === this.#name)) return;
    throw new LacunaError({
      what:
        told.length === 0
          ? 'the file does not tell its splits'
          : 'there is no such split in the file',
      where: this.#path,
      got: show(this.#asked),
      expected: told.length === 0 ? 'the name of a file with the ids of the split' : counts,
      ...(told.length === 0
        ? { fix: `A file that is called so is named with its folder: ./${this.#asked}.` }
        : {}),
    });
  }
}

function nameOf(split: string): string {
  const small = split.toLowerCase();
  return Object.entries(SPLITS).find(([, names]) => names.includes(small))?.[0] ?? small;
}

/** Ids, one a line; or a table's column `video_id`, as MSR-VTT's splits have it. */
export async function* idsOf(
  path: string,
): AsyncGenerator<{ readonly where: string; readonly id: string }, void> {
  for await (const { text } of readLines(path, 'the ids of a split')) {
    if (!columnsOf(text).includes('video_id')) break;
    for await (const row of tableRows(path))
      yield { where: row.where, id: row.get('video_id') ?? '' };
    return;
  }
  for await (const { where, text } of readLines(path, 'the ids of a split'))
    yield { where, id: text };
}

export function unknownId(path: string, where: string, id: string): LacunaError {
  return new LacunaError({
    what: 'an id of the split is not in the annotations',
    where,
    got: show(id),
    expected: `an id of ${path}`,
  });
}
