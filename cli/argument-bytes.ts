import { existsSync } from 'node:fs';
import { LacunaError } from '../spec/errors.js';

/**
 * Refuses arguments whose bytes are not UTF-8. Node puts U+FFFD in the place of such bytes and gives nobody
 * the bytes themselves, so the file that is meant cannot be opened. A file whose name really has that
 * character is.
 *
 * @throws LacunaError naming the first.
 */
export function requireUtf8(words: readonly string[]): void {
  const word = words.find((each) => each.includes('\ufffd') && !existsSync(namedBy(each)));
  if (word === undefined) return;
  throw new LacunaError({
    where: word,
    what: 'this argument has bytes that are not UTF-8, so that what it names cannot be opened',
    fix: 'Rename it, or give a link to it whose name is UTF-8.',
  });
}

/** The value of `--flag=value`, or a word itself. */
function namedBy(word: string): string {
  return /^--[^=]*=(.*)$/s.exec(word)?.[1] ?? word;
}
