import { readFile } from 'node:fs/promises';
import type { DemoData } from '../data/index.js';
import { replaceFile } from '../formats/whole-file.js';

/**
 * Writes a list beside a list of the demo data, with one caption a clip that names its main object and
 * nothing else ("a red circle"): what a caption of a single frame would say. Its path.
 */
export async function withObjectCaptions(data: DemoData, list: string): Promise<string> {
  const contents = await jsonLines<{ video: string; colour: string; shape: string }>(
    data.contentList,
  );
  const caption = new Map(contents.map((c) => [c.video, `a ${c.colour} ${c.shape}`]));
  const lines = (await jsonLines<{ video: string }>(list)).map((line) =>
    JSON.stringify({ ...line, captions: [caption.get(line.video)] }),
  );
  const path = list.replace(/\.jsonl$/, '-objects.jsonl');
  await replaceFile(path, `${lines.join('\n')}\n`);
  return path;
}

/** The lines of a JSON Lines file that this project wrote. */
export async function jsonLines<T>(path: string): Promise<readonly T[]> {
  return (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
