import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LacunaError } from '../../spec/errors.js';

/** A line, or a few, that a walk adds to a file that there is. */
export interface Insertion {
  readonly file: string;
  /** The first line that begins with this comes after it. */
  readonly before: string;
  readonly text: string;
}

/** How something is added to the project: CONTRIBUTING.md has the walks in words. */
export interface Walk {
  /** New files with their first contents, by path. */
  readonly files: (name: string) => Readonly<Record<string, string>>;
  readonly insertions: (name: string) => readonly Insertion[];
  /** What is left to a person: a file, and what goes into it. */
  readonly rest: (name: string) => readonly (readonly [file: string, what: string])[];
}

export const camel = (name: string): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
export const upper = (name: string): string => name.replaceAll('-', '_').toUpperCase();
export const snake = (name: string): string => name.replaceAll('-', '_');

/**
 * Writes the files and lines of a walk, and says what is left.
 *
 * @throws LacunaError where a file exists already, or a line has no place.
 */
export function startWalk(walk: Walk, name: string): string {
  const files = Object.entries(walk.files(name));
  for (const [path] of files) {
    if (existsSync(path)) {
      throw new LacunaError({
        where: path,
        what: 'this exists already',
        fix: 'Choose another name.',
      });
    }
  }
  const changed = new Map<string, string>();
  for (const insertion of walk.insertions(name)) {
    const { file } = insertion;
    changed.set(file, inserted(changed.get(file) ?? readFileSync(file, 'utf8'), insertion));
  }
  for (const [path, content] of [...files, ...changed]) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return [
    ...files.map(([path]) => `wrote ${path}`),
    ...[...changed.keys()].map((file) => `added a line to ${file}`),
    '',
    'Left to do:',
    ...walk.rest(name).map(([file, what]) => `  ${file}: ${what}`),
    '',
    'What is missing is named by: npx tsc --noEmit; npm run scaffold -- verify',
  ].join('\n');
}

function inserted(source: string, { file, before, text }: Insertion): string {
  const lines = source.split('\n');
  const at = lines.findIndex((line) => line.startsWith(before));
  if (at === -1) {
    throw new LacunaError({ where: file, what: 'the line has no place', expected: `'${before}'` });
  }
  return [...lines.slice(0, at), text, ...lines.slice(at)].join('\n');
}

/** Puts `export { ... } from './<name>.js';` among the others of a list, by the names of the files. */
export function exported(file: string, name: string, as: string): Insertion {
  const own = `'./${name}.js'`;
  const later = readFileSync(file, 'utf8')
    .split('\n')
    .find((line) => line.startsWith('export {') && own < (/'\.\/.*'/.exec(line)?.[0] ?? ''));
  return { file, before: later ?? '', text: `export { ${as} } from ${own};` };
}
