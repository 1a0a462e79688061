import { replaceFileOf } from '../../formats/whole-file.js';
import { type ClipRecord, jsonLine } from './clip-record.js';

/** Writes a JSON Lines list in the order of the records: whole or not at all, and durably. */
export async function writeClipList(
  path: string,
  records: Iterable<Omit<ClipRecord, 'id'>>,
): Promise<void> {
  await replaceFileOf(path, lines(records));
}

function* lines(records: Iterable<Omit<ClipRecord, 'id'>>): Generator<string, void> {
  for (const record of records) yield jsonLine(record);
}
