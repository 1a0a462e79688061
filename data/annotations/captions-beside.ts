import { basename, dirname, extname, join } from 'node:path';
import { readPlainFile } from '../../formats/plain-file.js';
import { LacunaError } from '../../spec/errors.js';
import { fieldsIn } from './annotation.js';
import { MAX_LINE_BYTES } from './limits.js';
import { readLines } from './read-lines.js';

/** Endings of files that captions lie in; of those that are there the first is read. */
const ENDINGS = ['.txt', '.json'] as const;

/** The name of a file without its ending. */
function stem(name: string): string {
  return basename(name, extname(name));
}

/** Of the videos among the files of a folder, by their names without endings, the files with their captions. */
export function captionFiles(
  names: readonly string[],
  isVideo: (name: string) => boolean,
): ReadonlyMap<string, string> {
  const all = new Set(names);
  const files = new Map<string, string>();
  for (const name of names.filter(isVideo)) {
    const file = ENDINGS.map((ending) => `${stem(name)}${ending}`).find((each) => all.has(each));
    if (file !== undefined) files.set(stem(name), file);
  }
  return files;
}

/**
 * The captions of a video from the file beside it, where there is one: of `a.txt` a caption a line, of
 * `a.json` its `caption` or `captions`.
 *
 * @throws LacunaError for one that cannot be read.
 */
export async function captionsOfFile(
  path: string,
  files: ReadonlyMap<string, string>,
): Promise<unknown> {
  const name = files.get(stem(path));
  if (name === undefined) return undefined;
  const where = join(dirname(path), name);
  if (name.endsWith('.txt')) {
    const lines: string[] = [];
    for await (const { text } of readLines(where, 'the captions of a video')) lines.push(text);
    return lines;
  }
  const bytes = await readPlainFile(where, MAX_LINE_BYTES);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const { captions, caption } = fieldsIn(JSON.parse(text));
    return captions ?? caption;
  } catch (cause) {
    throw new LacunaError(
      { where, what: 'the captions beside a video are not JSON', expected: '{"caption": "..."}' },
      { cause },
    );
  }
}
