import { LacunaError } from '../spec/errors.js';

/**
 * The words of a command line: separated by spaces, kept together by single or double quotes. No
 * shell reads it, so that variables, globs and pipes mean nothing; name a script for those.
 *
 * @throws LacunaError where nothing is left or a quote is not closed.
 */
export function splitCommand(command: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const character of command) {
    if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = `${word ?? ''}${character}`;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = `${word ?? ''}${character}`;
    }
  }
  if (word !== undefined) words.push(word);
  if (quote === undefined && words.length > 0) return words;
  throw new LacunaError({
    what: quote === undefined ? 'the command of the port is empty' : 'a quote is not closed',
    got: `'${command.slice(0, 200)}'`,
    expected: 'a program and its arguments',
  });
}
