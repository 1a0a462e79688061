import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256 } from '../../core/sha256.js';
import { fileDigest } from '../../formats/index.js';
import type { InspectedFile, Inspection } from './inspection.js';

/** Names of a file's metadata that are told. */
const MAX_METADATA = 100;
/** Characters of a text that are told. */
const MAX_TEXT = 400;

/** A file without what is in it. */
export async function oneFile(
  path: string,
  kind: string,
): Promise<Pick<Inspection, 'path' | 'kind' | 'digest' | 'files'>> {
  const digest = await fileDigest(path);
  const files = [{ name: basename(path), bytes: (await stat(path)).size, sha256: digest }];
  return { path, kind, digest, files };
}

/** The digest of a folder: of the names and digests of its files. */
export function digestOf(files: readonly InspectedFile[]): string {
  return sha256(files.map(({ name, sha256: digest }) => `${name} ${digest}\n`).join(''));
}

/** Files of a folder without what is in them. */
export async function plainFiles(
  folder: string,
  kind: string,
  names: readonly string[],
): Promise<Omit<Inspection, 'facts'>> {
  const files: InspectedFile[] = [];
  for (const name of names) files.push(...(await oneFile(join(folder, name), kind)).files);
  return { path: folder, kind, digest: digestOf(files), files, tensors: [] };
}

/** What is known of it, by name: texts cut, and numbers; anything else is left out. */
export function factsOf(
  values: Readonly<Record<string, unknown>>,
): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'string') facts[cut(name)] = cut(value);
    else if (typeof value === 'number') facts[cut(name)] = value;
  }
  return facts;
}

/** What a file says of itself. */
export function metadataFacts(metadata: ReadonlyMap<string, string>): Record<string, string> {
  const entries = [...metadata].slice(0, MAX_METADATA);
  return Object.fromEntries(entries.map(([name, text]) => [`metadata ${cut(name)}`, cut(text)]));
}

/** A text as it is told. */
export function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}...`;
}
