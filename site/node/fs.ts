import { Buffer } from 'buffer/index.js';
import { exists, fileAt, systemError } from './memory-disk.js';

/** What of `node:fs` the sources call, over `memory-disk.ts`. */
export const constants = {
  O_RDONLY: 0,
  O_WRONLY: 0o1,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DIRECTORY: 0o200000,
  O_NOFOLLOW: 0o400000,
} as const;

export function existsSync(path: string): boolean {
  return exists(path);
}

export function readFileSync(path: string): Buffer;
export function readFileSync(path: string, encoding: 'utf8'): string;
export function readFileSync(path: string, encoding?: 'utf8'): Buffer | string {
  const bytes = Buffer.from(fileAt(path).bytes);
  return encoding === undefined ? bytes : bytes.toString(encoding);
}

/** There are no links. */
export function readlinkSync(path: string): never {
  throw systemError(exists(path) ? 'EINVAL' : 'ENOENT', path);
}

/** The bytes of a file, or those from `start` to `end`, the latter included. */
export async function* createReadStream(
  path: string,
  { start = 0, end }: { readonly start?: number; readonly end?: number } = {},
): AsyncGenerator<Buffer, void> {
  const { bytes } = fileAt(path);
  yield Buffer.from(bytes.subarray(start, end === undefined ? bytes.length : end + 1));
}
