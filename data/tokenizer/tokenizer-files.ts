import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../formats/file-operations.js';
import { replaceFile } from '../../formats/whole-file.js';
import { LacunaError } from '../../spec/errors.js';
import type { TokenizerDefinition } from './tokenizer-definition.js';

/** Bytes of a tokenizer file. */
export const MAX_TOKENIZER_BYTES: number = 64 * 2 ** 20;

/**
 * Reads a tokenizer: `path` is a `tokenizer.json` or a folder that holds one. The
 * `tokenizer_config.json` beside it may be absent. Pass the result to `createTokenizer`.
 *
 * @throws LacunaError if the file is missing, over 64 MiB, or not a JSON object.
 */
export async function readTokenizer(path: string): Promise<TokenizerDefinition> {
  const folder = await isFolder(path);
  const file = folder ? join(path, 'tokenizer.json') : path;
  const tokenizer = await readJsonObject(file);
  if (tokenizer === undefined) {
    throw new LacunaError({
      what: 'there is no such tokenizer',
      where: file,
      fix: 'Name a tokenizer.json or the folder that holds it.',
    });
  }
  const config = await readJsonObject(join(dirname(file), 'tokenizer_config.json'));
  return { tokenizer, config: config ?? {} };
}

/** Writes `tokenizer.json` and `tokenizer_config.json` into a folder; each whole or not at all. */
export async function writeTokenizer(
  folder: string,
  { tokenizer, config }: TokenizerDefinition,
): Promise<void> {
  await makeFolder(folder);
  await replaceFile(join(folder, 'tokenizer_config.json'), jsonText(config));
  await replaceFile(join(folder, 'tokenizer.json'), tokenizerText({ tokenizer, config }));
}

/** `tokenizer.json` as `writeTokenizer` writes it. */
export function tokenizerText({ tokenizer }: TokenizerDefinition): string {
  return jsonText(tokenizer);
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** The object in a JSON file, or undefined if there is no such file. */
async function readJsonObject(file: string): Promise<Record<string, unknown> | undefined> {
  const text = await readBounded(file);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new LacunaError(
      {
        what: 'the file is not JSON',
        where: file,
        got: cause instanceof Error ? cause.message : String(cause),
        fix: 'It may have been cut off while it was copied: fetch it again.',
      },
      { cause },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { ...value };
  }
  throw new LacunaError({
    what: 'the file does not hold a JSON object',
    where: file,
    got: Array.isArray(value) ? 'an array' : typeof value,
  });
}

async function readBounded(file: string): Promise<string | undefined> {
  try {
    const found = await stat(file);
    if (!found.isFile() || found.size > MAX_TOKENIZER_BYTES) {
      throw new LacunaError({
        what: 'this cannot be a tokenizer file',
        where: file,
        got: found.isFile() ? `${found.size} bytes` : 'something that is not a plain file',
        expected: `a plain file of at most ${MAX_TOKENIZER_BYTES} bytes`,
      });
    }
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof LacunaError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new LacunaError(
      {
        what: 'the file cannot be read',
        where: file,
        got: cause instanceof Error ? cause.message : String(cause),
      },
      { cause },
    );
  }
}
