import type { ClipList } from './clip-record.js';
import { readJsonLines } from './json-lines.js';
import { readLines } from './read-lines.js';
import { readVideoMaeList } from './video-mae-list.js';

/**
 * Reads a list of videos: JSON Lines when its first line begins with a brace, otherwise a VideoMAE
 * list.
 *
 * @throws LacunaError that names the line, what it has and what it should have.
 */
export async function readClipList(path: string): Promise<ClipList> {
  for await (const { text } of readLines(path)) {
    return text.startsWith('{') ? readJsonLines(path) : readVideoMaeList(path);
  }
  return readJsonLines(path);
}
