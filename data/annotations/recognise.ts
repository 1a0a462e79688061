import { LacunaError } from '../../spec/errors.js';
import {
  fieldsIn,
  type JsonFormat,
  type JsonShape,
  type LineFormat,
  type TableFormat,
} from './annotation.js';
import type { JsonText, JsonValue } from './json-text.js';
import { isVideoName } from './list-folder.js';
import { show } from './record-fields.js';
import { isManyLabels, JSON_FILES } from './sets/json-files.js';
import { LINES } from './sets/lines.js';
import { TABLES } from './sets/tables.js';
import { columnsOf } from './text-table.js';

/** Keys of an object that are looked at, and characters of its first member. */
const LOOKED_AT = { keys: 16, characters: 2 ** 20 };

/** A line as an example of a list that can say all that is known of a video. */
export const JSON_LINE = '{"video": "clips/a.mp4", "captions": ["..."]}';

/** The table that a first line begins; undefined where it names no columns that are known. */
export function tableOf(line: string): TableFormat | undefined {
  const columns = columnsOf(line);
  if (!columns.every((name) => /^[\ufeff\w .-]{1,64}$/.test(name)) || columns.some(isVideoName))
    return undefined;
  return TABLES.find((format) => format.takes(new Set(columns)));
}

/** The format of lines that a first line is of, beside VideoMAE's. */
export function linesOf(line: string): LineFormat | undefined {
  return LINES.find((format) => format.takes(line));
}

/** The format of a file that is one JSON value. @throws LacunaError for one that is none, with what it may be. */
export function jsonOf(json: JsonText): JsonFormat {
  const shape = shapeOf(json);
  const format = JSON_FILES.find((each) => each.takes(shape));
  if (format !== undefined) return format;
  throw new LacunaError({ where: json.root.where, got: gotOf(shape), ...whyNot(shape) });
}

function shapeOf(json: JsonText): JsonShape {
  const keys: string[] = [];
  let first: JsonValue | undefined;
  for (const member of json.members(json.root)) {
    first ??= member;
    if (keys.push(member.key) === LOOKED_AT.keys) break;
  }
  const kind = json.kindOf(json.root);
  const isShort = first !== undefined && first.end - first.start <= LOOKED_AT.characters;
  return {
    kind,
    keys: kind === 'object' ? keys : [],
    first: isShort ? json.valueOf(first as JsonValue) : undefined,
  };
}

function gotOf({ kind, keys, first }: JsonShape): string {
  const what =
    kind === 'object' ? `keys like ${show(keys[0])}` : kind === 'array' ? 'an array' : 'one value';
  return `${what}, with ${show(first)}`;
}

/** What a JSON file may be that is no list of videos. */
function whyNot({ kind, keys, first }: JsonShape): {
  readonly what: string;
  readonly expected: string;
  readonly fix?: string;
} {
  const expected =
    'the annotations of a set that is read (docs/data.md), or an array of objects with "video" and "captions"';
  if (kind !== 'other' && keys.length === 0 && first === undefined)
    return { what: 'the list has no videos', expected };
  if (kind === 'object' && (typeof first === 'number' || /^\d{1,9}$/.test(String(first)))) {
    return {
      what: 'this is a map of labels and lists no videos',
      expected,
      fix: 'Give it beside a list, with --label-names.',
    };
  }
  if (isManyLabels(fieldsIn(first).label)) {
    return {
      what: 'each video of this file has several labels, which are not read',
      expected,
      fix: 'Write a list with one label a video, or with none.',
    };
  }
  return { what: 'these are no annotations that are known', expected };
}
