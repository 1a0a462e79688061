import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fieldsIn } from './annotation.js';
import { isJsonLine } from './json-lines.js';
import { MAX_LINE_BYTES } from './limits.js';
import { unreadableFile } from './read-lines.js';

/** What the beginning of a file says that the whole is. */
export interface Head {
  readonly kind: 'parquet' | 'JSON' | 'JSON Lines' | 'lines';
}

/** The first keys of the lines that this project writes. */
const LINE_BEGINS = /^\{\s*"(?:video|image|file_name|captions?|label)"\s*:/;

/**
 * Looks at the beginning of a file: a Parquet file, one JSON value, an object a line, or other lines.
 * One value may lie on one line, and an object of a list too: then its keys decide.
 */
export async function headOf(path: string): Promise<Head> {
  const bytes = await firstBytes(path);
  if (bytes.subarray(0, 4).toString('latin1') === 'PAR1') return { kind: 'parquet' };
  const text = bytes.toString('utf8').replace(/^\ufeff?\s+|^\ufeff/, '');
  if (!/^[[{]/.test(text)) return { kind: 'lines' };
  const [line = '', ...rest] = text.split(/\r?\n/, 3);
  if (text.startsWith('[')) {
    return { kind: /^\[\s*(?:$|[{["\d\]]|null|true|false)/.test(line) ? 'JSON' : 'lines' };
  }
  if (LINE_BEGINS.test(line)) return { kind: 'JSON Lines' };
  let object: Readonly<Record<string, unknown>>;
  try {
    object = fieldsIn(JSON.parse(line));
  } catch {
    return { kind: 'JSON' };
  }
  const isAlone = rest.every((each) => each.trim() === '');
  const isLine = isJsonLine(object) || !isAlone || Object.keys(object).length === 0;
  return { kind: isLine ? 'JSON Lines' : 'JSON' };
}

/** @throws LacunaError for what cannot be read; no pipe is waited for. */
async function firstBytes(path: string): Promise<Buffer> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!(await handle.stat()).isFile()) throw new Error('a folder, or no plain file');
      const { bytesRead, buffer } = await handle.read(
        Buffer.alloc(MAX_LINE_BYTES),
        0,
        MAX_LINE_BYTES,
        0,
      );
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unreadableFile(path, cause);
  }
}
