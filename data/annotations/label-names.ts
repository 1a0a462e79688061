import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from './clip-record.js';
import { readLines } from './read-lines.js';
import { labelOf } from './record-fields.js';

/** Classes that a file of names may have. */
const MAX_NAMES = 1_000_000;

/**
 * The names of classes from a text file: one a line, that of label 0 first; blank lines are passed
 * over. A number before the name (`12 brush_hair`, as in the class index of UCF101) is not taken off.
 */
export async function readLabelNames(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { where, text } of readLines(path)) {
    if (names.length === MAX_NAMES) {
      throw new LacunaError({
        what: 'there are too many names',
        where,
        expected: `at most ${MAX_NAMES}`,
      });
    }
    names.push(labelOf(where, text) ?? '');
  }
  return names;
}

/**
 * The records with the names of their classes for labels: label `n` becomes `names[n]`.
 * @throws LacunaError for a label that is no number, or beyond the names.
 */
export function named(
  records: readonly ClipRecord[],
  names: readonly string[],
  path: string,
): readonly ClipRecord[] {
  return records.map((record) => {
    if (record.label === undefined) return record;
    const name = /^\d{1,9}$/.test(record.label) ? names[Number(record.label)] : undefined;
    if (name === undefined) {
      throw new LacunaError({
        what: 'a label has no name',
        where: record.video,
        got: JSON.stringify(record.label),
        expected: `a whole number from 0 to ${names.length - 1}, a line of ${path}`,
        fix: 'Leave --label-names away if the labels are names already.',
      });
    }
    return { ...record, label: name };
  });
}
