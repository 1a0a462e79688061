import type { ClipList } from './clip-record.js';
import { readJsonLines } from './json-lines.js';
import { readLines } from './read-lines.js';
import { show } from './record-fields.js';
import { readVideoMaeList } from './video-mae-list.js';

/** Keys of others' lists that are about a part of a video. */
const PART_KEYS = new Set([
  ...[
    'start',
    'end',
    'begin',
    'stop',
    'duration',
    'timestamp',
    'timestamps',
    'segment',
    'clip_start',
  ],
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
 * Reads a list of videos: JSON Lines when its first line begins with a brace, otherwise a VideoMAE
 * list.
 *
 * @param onNote Told, in a sentence each, what the list says that is left out.
 * @throws LacunaError that names the line, what it has and what it should have.
 */
export async function readClipList(
  path: string,
  onNote: (sentence: string) => void,
): Promise<ClipList> {
  const list = await readEither(path);
  for (const sentence of listNotes(path, list)) onNote(sentence);
  return list;
}

async function readEither(path: string): Promise<ClipList> {
  for await (const { text } of readLines(path)) {
    return text.startsWith('{') ? readJsonLines(path) : readVideoMaeList(path);
  }
  return readJsonLines(path);
}

/** What a list says that is left out, with counts. */
function listNotes(path: string, { unknownKeys, badCaptions }: ClipList): readonly string[] {
  const parts = [...unknownKeys].filter(([key]) => PART_KEYS.has(key.toLowerCase()));
  const others = [...unknownKeys].filter(([key]) => !PART_KEYS.has(key.toLowerCase()));
  const [first] = badCaptions.first.values();
  const notes: string[] = [];
  if (parts.length > 0) {
    notes.push(
      `${path}: ${counted(parts)} about a part of a video, and parts are not read: the whole video is used. Cut the parts out into files of their own.`,
    );
  }
  if (others.length > 0) notes.push(`${path}: ${counted(others)} not known and left out.`);
  if (first !== undefined) {
    const { count } = badCaptions;
    const captions = count === 1 ? '1 caption is' : `${count} captions are`;
    notes.push(`${path}: ${captions} left out. The first: ${first}`);
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
