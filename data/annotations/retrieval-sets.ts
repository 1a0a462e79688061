import { readPlainFile } from '../../formats/plain-file.js';
import { LacunaError } from '../../spec/errors.js';
import { ClipListBuilder } from './clip-list-builder.js';
import type { ClipList } from './clip-record.js';
import { readLines } from './read-lines.js';
import { show, usableCaptions, videoPath } from './record-fields.js';

/** The annotation files of public retrieval sets that are read as they come. */
export const RETRIEVAL_SETS = ['msrvtt', 'msvd', 'didemo', 'activitynet'] as const;
export type RetrievalSet = (typeof RETRIEVAL_SETS)[number];

/** How the sets call their files, where nothing else is said. */
const FILES: Readonly<Record<RetrievalSet, string>> = {
  msrvtt: '{}.mp4',
  msvd: '{}.avi',
  didemo: '{}', // its names have their endings
  activitynet: '{}.mp4',
};

const MAX_BYTES = 2 ** 28;

export interface RetrievalSetOptions {
  /** The path of the video with the id `{}`. @defaultValue as the set calls its files */
  readonly video?: string;
  /** A file with the ids of a split, one a line; others are left out. */
  readonly split?: string;
}

/**
 * Reads the annotations of a public set as a list of videos with captions.
 * - `msrvtt`: the CSV of the split 1k-A (MSRVTT_JSFUSION_test.csv): `key,vid_key,video_id,sentence`.
 * - `msvd`: JSON, captions by id.
 * - `didemo`: JSON, an array of descriptions of moments; those of a video together are its paragraph.
 * - `activitynet`: JSON by id, with `sentences`; together they are its paragraph.
 *
 * @throws LacunaError for what is no such file, or an id of the split that it has not.
 */
export async function readRetrievalSet(
  path: string,
  set: RetrievalSet,
  { video = FILES[set], split }: RetrievalSetOptions = {},
): Promise<ClipList> {
  const captions =
    set === 'msrvtt' ? await readCsv(path) : captionsOfJson(path, set, await readJson(path));
  const ids = split === undefined ? [...captions.keys()] : await readIds(split);
  const builder = new ClipListBuilder(path);
  for (const id of ids) {
    const own = captions.get(id);
    if (own === undefined) {
      throw new LacunaError({
        what: 'an id of the split is not in the annotations',
        where: split ?? path,
        got: show(id),
        expected: `an id of ${path}`,
      });
    }
    const where = `${path}: ${id}`;
    const file = videoPath(where, video.split('{}').join(id));
    builder.addCaptioned(where, { video: file }, usableCaptions(where, own));
  }
  return builder.build();
}

async function readIds(path: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { text } of readLines(path)) ids.push(text);
  return ids;
}

async function readJson(path: string): Promise<unknown> {
  const bytes = await readPlainFile(path, MAX_BYTES);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new LacunaError({ where: path, what: 'the annotations are not JSON' }, { cause });
  }
}

/** Texts by id, in the order of the file. */
function captionsOfJson(
  path: string,
  set: Exclude<RetrievalSet, 'msrvtt'>,
  value: unknown,
): ReadonlyMap<string, readonly unknown[]> {
  const captions = new Map<string, unknown[]>();
  const entries = set === 'didemo' ? momentsOf(path, value) : Object.entries(objectOf(path, value));
  for (const [id, given] of entries) {
    const own = captions.get(id) ?? [];
    const texts = set === 'activitynet' ? objectOf(`${path}: ${id}`, given).sentences : given;
    for (const text of Array.isArray(texts) ? (texts as readonly unknown[]) : [texts])
      own.push(text);
    captions.set(id, own);
  }
  return captions;
}

function momentsOf(path: string, value: unknown): readonly [id: string, text: unknown][] {
  if (!Array.isArray(value)) {
    throw new LacunaError({
      where: path,
      what: 'these are no annotations of DiDeMo',
      expected: 'an array of objects with "video" and "description"',
    });
  }
  return (value as readonly unknown[]).map((moment, index) => {
    const where = `${path}: ${index}`;
    const { video, description } = objectOf(where, moment);
    return [videoPath(where, video), description];
  });
}

function objectOf(where: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new LacunaError({ where, what: 'this is no JSON object', got: show(value) });
}

/** `video_id` and `sentence` of a CSV; a field in quotes may hold commas, and quotes twice. */
async function readCsv(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const captions = new Map<string, string[]>();
  let columns: readonly string[] | undefined;
  for await (const { where, text } of readLines(path)) {
    const fields = fieldsOf(where, text);
    if (columns === undefined) {
      columns = fields;
      continue;
    }
    const id = fields[columns.indexOf('video_id')];
    const sentence = fields[columns.indexOf('sentence')];
    if (id === undefined || sentence === undefined || fields.length !== columns.length) {
      throw new LacunaError({
        where,
        what: 'the line has no id or no sentence',
        got: show(text),
        expected: 'the columns video_id and sentence, named on the first line',
      });
    }
    captions.set(id, [...(captions.get(id) ?? []), sentence]);
  }
  return captions;
}

function fieldsOf(where: string, line: string): readonly string[] {
  const fields: string[] = [];
  let rest = line;
  for (;;) {
    const match = /^(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/.exec(rest);
    if (match === null) {
      throw new LacunaError({
        where,
        what: 'the quotes of the line do not match',
        got: show(line),
      });
    }
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '') return fields;
    rest = rest.slice(match[0].length);
  }
}
