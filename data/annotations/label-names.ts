import { LacunaError } from '../../spec/errors.js';
import type { ClipRecord } from './clip-record.js';
import { JsonText } from './json-text.js';
import { readLines } from './read-lines.js';
import { labelOf, show } from './record-fields.js';
import { columnsOf, tableRows } from './text-table.js';

/** Classes that a file of names may have. */
const MAX_NAMES = 1_000_000;
const NAMES = 'the names of classes';

/**
 * The names of classes, that of label 0 first: one a line (blank lines are passed over; a number before each
 * name, as in the class index of UCF101, is taken off where they count on from 0 or 1), a table `id,name`,
 * or JSON with the number of each name, as Something-Something's.
 *
 * @throws LacunaError for a file that is none of these, or has a gap.
 */
export async function readLabelNames(path: string): Promise<readonly string[]> {
  for await (const { text } of readLines(path, NAMES)) {
    if (text.startsWith('{')) return inOrder(path, await ofJson(path));
    const columns = columnsOf(text);
    if (columns.length === 2 && columns.includes('id') && columns.includes('name')) {
      return inOrder(path, await ofTable(path));
    }
    // Awaited here: refused while the lines are closed, it would end the process.
    return await ofLines(path);
  }
  return [];
}

type Numbered = readonly (readonly [where: string, number: number, name: string])[];

async function ofLines(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { where, text } of readLines(path, NAMES)) {
    names.push(labelOf(where, text) ?? '');
    checkCount(where, names.length);
  }
  const bare = names.map((name) => /^(\d{1,7})\s+(\S.*)$/.exec(name));
  const first = Number(bare[0]?.[1] ?? Number.NaN);
  const count = first <= 1 && bare.every((match, index) => Number(match?.[1]) === first + index);
  return count ? bare.map((match) => match?.[2] ?? '') : names;
}

async function ofTable(path: string): Promise<Numbered> {
  const found: [string, number, string][] = [];
  for await (const row of tableRows(path)) {
    found.push([
      row.where,
      Number(row.get('id') ?? Number.NaN),
      labelOf(row.where, row.get('name')) ?? '',
    ]);
    checkCount(row.where, found.length);
  }
  return found;
}

async function ofJson(path: string): Promise<Numbered> {
  const json = await JsonText.read(path);
  const found: [string, number, string][] = [];
  for (const member of json.members(json.root)) {
    const value = json.valueOf(member);
    const isNumber =
      typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
    found.push([
      member.where,
      isNumber ? Number(value) : Number.NaN,
      labelOf(member.where, member.key) ?? '',
    ]);
    checkCount(member.where, found.length);
  }
  return found;
}

function inOrder(path: string, found: Numbered): readonly string[] {
  const names: string[] = [];
  for (const [where, number, name] of found) {
    if (
      Number.isInteger(number) &&
      number >= 0 &&
      number < found.length &&
      names[number] === undefined
    ) {
      names[number] = name;
      continue;
    }
    throw new LacunaError({
      what: 'the class has no number of its own',
      where,
      got: `${show(name)}: ${number}`,
      expected: `each number from 0 to ${found.length - 1} once, in ${path}`,
    });
  }
  return names;
}

function checkCount(where: string, count: number): void {
  if (count <= MAX_NAMES) return;
  throw new LacunaError({
    what: 'there are too many names',
    where,
    expected: `at most ${MAX_NAMES}`,
  });
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
