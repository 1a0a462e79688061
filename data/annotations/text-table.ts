import { LacunaError } from '../../spec/errors.js';
import { MAX_LINE_BYTES } from './limits.js';
import { readLines } from './read-lines.js';
import { show } from './record-fields.js';

/** A row of a table. */
export interface TableRow {
  readonly where: string;
  /** What stands in a column; undefined where the table has no such column, or the row nothing in it. */
  get(column: string): string | undefined;
}

/** Columns of a table. */
const MAX_COLUMNS = 1000;
/** Lines that one row may go over. */
const MAX_ROW_LINES = 100;

/** The names of the columns, where a line names some: as they are looked for, in small letters. */
export function columnsOf(line: string): readonly string[] {
  const fields = fieldsOf(line, separatorOf(line)) ?? [];
  return fields.slice(0, MAX_COLUMNS).map((name) => name.trim().toLowerCase());
}

/**
 * The rows of a table whose first line names the columns, with commas or tabs between (RFC 4180: a field in
 * quotes may hold commas, lines, and quotes twice).
 *
 * @throws LacunaError for a row that has another number of fields, or quotes without an end.
 */
export async function* tableRows(path: string): AsyncGenerator<TableRow, void> {
  let columns: ReadonlyMap<string, number> | undefined;
  let separator = ',';
  let begun: Begun | undefined;
  for await (const line of readLines(path)) {
    if (columns === undefined) {
      separator = separatorOf(line.text);
      columns = new Map(columnsOf(line.text).map((name, index) => [name, index]));
      continue;
    }
    const { where, text } =
      begun === undefined ? line : { where: begun.where, text: `${begun.text}\n${line.text}` };
    const fields = fieldsOf(text, separator);
    if (fields === undefined) {
      begun = { where, text, lines: (begun?.lines ?? 0) + 1 };
      if (text.length > MAX_LINE_BYTES || begun.lines > MAX_ROW_LINES) throw unclosed(begun);
      continue;
    }
    begun = undefined;
    yield rowOf(where, text, fields, columns);
  }
  if (begun !== undefined) throw unclosed(begun);
}

function rowOf(
  where: string,
  text: string,
  fields: readonly string[],
  columns: ReadonlyMap<string, number>,
): TableRow {
  // Blank fields at the end of a line with tabs are taken for its end.
  if (
    fields.length > columns.size ||
    (fields.length < columns.size && !text.includes('\t') && text.includes(','))
  ) {
    throw new LacunaError({
      what: 'the row has another number of fields than the first line',
      where,
      got: `${fields.length}: ${show(text)}`,
      expected: `${columns.size}: ${show([...columns.keys()].join(', '))}`,
      fix: 'Put a field that has commas into quotes.',
    });
  }
  return {
    where,
    get: (column) => {
      const field = fields[columns.get(column) ?? -1]?.trim();
      return field === '' ? undefined : field;
    },
  };
}

/** A row of which a quote has no end yet. */
interface Begun {
  readonly where: string;
  readonly text: string;
  readonly lines: number;
}

function unclosed({ where, text }: Begun): LacunaError {
  return new LacunaError({
    what: 'the quotes of the line do not match',
    where,
    got: show(text),
    fix: 'Write a quote within quotes twice.',
  });
}

function separatorOf(line: string): ',' | '\t' {
  return line.includes('\t') && !line.includes(',') ? '\t' : ',';
}

/** The fields of a line; undefined where a quote has no end. */
function fieldsOf(line: string, separator: string): readonly string[] | undefined {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] !== '"') {
      const end = line.indexOf(separator, at);
      if (end < 0) return [...fields, line.slice(at)];
      fields.push(line.slice(at, end));
      at = end + 1;
      continue;
    }
    let end = line.indexOf('"', at + 1);
    while (end >= 0 && line[end + 1] === '"') end = line.indexOf('"', end + 2);
    if (end < 0) return undefined;
    const rest = line.indexOf(separator, end);
    const tail = rest < 0 ? line.slice(end + 1) : line.slice(end + 1, rest);
    fields.push(line.slice(at + 1, end).replaceAll('""', '"') + tail);
    if (rest < 0) return fields;
    at = rest + 1;
  }
}
