import { LacunaError } from '../../spec/errors.js';
import type { Annotation, AnnotationFormat } from './annotation.js';
import type { ClipList } from './clip-record.js';
import { askedOf, type ClipListOptions, gatherClips } from './gather-clips.js';
import { headOf } from './head-of.js';
import { readJsonLines } from './json-lines.js';
import { JsonText } from './json-text.js';
import { parquet, parquetAnnotations } from './parquet.js';
import { readLines } from './read-lines.js';
import { jsonOf, linesOf, tableOf } from './recognise.js';
import { show } from './record-fields.js';
import { tableRows } from './text-table.js';
import { readVideoMaeList } from './video-mae-list.js';

/** Keys of others' lists that are about a part of a video, and are not read. */
const PART_KEYS = new Set([
  ...['begin', 'stop', 'duration', 'timestamp', 'timestamps', 'segment', 'clip_start'],
  ...[
    'clip_end',
    'start_time',
    'end_time',
    'start_frame',
    'end_frame',
    'sentence_start',
    'sentence_end',
  ],
]);

/**
 * Reads a list of videos, or the annotation file of a data set, in whatever format its content is
 * (docs/data.md has them all); its name says nothing.
 *
 * @param onNote Told, in a sentence each, what the list says that is left out.
 * @throws LacunaError that names the line, what it has and what it should have.
 */
export async function readClipList(
  path: string,
  onNote: (sentence: string) => void,
  options: ClipListOptions = {},
): Promise<ClipList> {
  const list = await readAny(path, options, onNote);
  for (const sentence of listNotes(path, list)) onNote(sentence);
  return list;
}

async function readAny(
  path: string,
  options: ClipListOptions,
  onNote: (sentence: string) => void,
): Promise<ClipList> {
  const head = await headOf(path);
  const own = async (
    read: () => Promise<ClipList>,
    given: keyof ClipListOptions | undefined,
  ): Promise<ClipList> => {
    const list = await read();
    if (given === undefined) return list;
    throw new LacunaError({
      where: path,
      what: `--${given} is for the annotations of data sets, and this is a list of files as they lie there (${list.format})`,
    });
  };
  const gather = (format: AnnotationFormat, from: Parameters<typeof gatherClips>[2]) =>
    gatherClips(path, format, from, options, onNote);
  if (head.kind === 'parquet') return gather(parquet, parquetAnnotations(path));
  const { split, ...others } = options;
  const lines = () => own(() => readJsonLines(path, onNote, split), askedOf(others));
  if (head.kind === 'JSON Lines') return lines();
  if (head.kind === 'JSON') {
    const json = await JsonText.read(path);
    const format = jsonOf(json);
    return gather(format, format.annotations(json));
  }
  const first = await firstLine(path);
  if (first === undefined) return lines(); // refused, since there is nothing in it
  const table = tableOf(first);
  if (table !== undefined) return gather(table, annotationsOf(tableRows(path), table));
  const plain = linesOf(first);
  if (plain !== undefined) return gather(plain, annotationsOf(readLines(path), plain));
  return own(() => readVideoMaeList(path), askedOf(options));
}

/** The first line that is not blank, its file closed: what is read afterwards may be refused. */
async function firstLine(path: string): Promise<string | undefined> {
  for await (const { text } of readLines(path)) return text;
  return undefined;
}

async function* annotationsOf<T>(
  rows: AsyncIterable<T>,
  format: { annotation(row: T): Annotation },
): AsyncGenerator<Annotation, void> {
  for await (const row of rows) yield format.annotation(row);
}

/** What a list says that is left out, with counts. */
function listNotes(
  path: string,
  { unknownKeys, badCaptions, badParts }: ClipList,
): readonly string[] {
  const parts = [...unknownKeys].filter(([key]) => PART_KEYS.has(key.toLowerCase()));
  const others = [...unknownKeys].filter(([key]) => !PART_KEYS.has(key.toLowerCase()));
  const [first] = badCaptions.first.values();
  const notes: string[] = [];
  if (parts.length > 0) {
    notes.push(
      `${path}: ${counted(parts)} about a part of a video and not read: the whole video is used. "start" and "end", in seconds, are.`,
    );
  }
  if (others.length > 0) notes.push(`${path}: ${counted(others)} not known and left out.`);
  if (first !== undefined) {
    const { count } = badCaptions;
    const captions = count === 1 ? '1 caption is' : `${count} captions are`;
    notes.push(`${path}: ${captions} left out. The first: ${first}`);
  }
  if (badParts.first !== undefined) {
    const { count } = badParts;
    const parts = count === 1 ? '1 part of a video is' : `${count} parts of videos are`;
    notes.push(`${path}: ${parts} left out. The first: ${badParts.first}`);
  }
  return notes;
}

/** Keys that are shown by name; of more only the count is. */
const SHOWN_KEYS = 8;

function counted(keys: readonly (readonly [key: string, lines: number])[]): string {
  const shown = keys
    .slice(0, SHOWN_KEYS)
    .map(([key, lines]) => `${show(key)} (${lines} ${lines === 1 ? 'line' : 'lines'})`);
  const more = keys.length - shown.length;
  const names = `${shown.join(', ')}${more > 0 ? ` and ${more} keys more` : ''}`;
  return `the ${keys.length === 1 ? 'key' : 'keys'} ${names} ${keys.length === 1 ? 'is' : 'are'}`;
}
