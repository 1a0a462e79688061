import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ListedCommand, listedCommands } from '../../cli/help/commands-page.js';
import { blocksOf, callsOf } from './blocks.js';

const DOCS = join(import.meta.dirname, '../../docs');
const commands = await listedCommands();

/** What of a call the command line does not know; undefined where it knows all of it. */
function strangeOf(words: readonly string[]): string | undefined {
  const shown = words.join(' ');
  const found = commands.find(({ name }) => `${shown} `.startsWith(`${name} `));
  if (found === undefined) return `${shown}: no such command`;
  const flags = words.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
  const strange = flags.find((flag) => !knows(found, flag ?? ''));
  if (strange !== undefined) return `${shown}: no ${strange}`;
  const missing = found.command.options.find(
    ({ mandatory, long }) => mandatory && !flags.includes(long ?? ''),
  );
  return missing === undefined ? undefined : `${shown}: ${missing.long} is missing`;
}

function knows({ command }: ListedCommand, flag: string): boolean {
  if (flag === '--help') return true;
  return command.options.some(({ long }) => long === flag);
}

it('calls commands that there are, with their flags, in an order that walks the whole way', () => {
  const blocks = blocksOf(readFileSync(join(DOCS, 'tutorial.md'), 'utf8'));
  const calls = blocks.flatMap(({ text }) => callsOf(text));
  expect(calls.map(strangeOf).filter((each) => each !== undefined)).toEqual([]);
  expect(calls.map(([name]) => name)).toEqual(
    'backends data data mask mask pretrain watch runs report index search export inspect'.split(
      ' ',
    ),
  );
  expect(blocks.at(-1)?.language).toBe('python');
});

it.each(['README.md', ...readdirSync(DOCS).filter((name) => name.endsWith('.md'))])(
  'so does each line of shell in %s',
  (name) => {
    const path = name === 'README.md' ? join(DOCS, '..', name) : join(DOCS, name);
    const calls = callsOf(readFileSync(path, 'utf8'));
    expect(calls.map(strangeOf).filter((each) => each !== undefined)).toEqual([]);
  },
);

it('notices a command and a flag that there are not, and one that is missing', () => {
  expect(strangeOf(['dream'])).toBe('dream: no such command');
  expect(strangeOf(['runs', '--jsno'])).toBe('runs --jsno: no --jsno');
  expect(strangeOf(['evaluate', 'runs/a'])).toBe('evaluate runs/a: --data is missing');
});
