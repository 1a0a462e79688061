import { constants, createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Sha256 } from '../core/sha256.js';
import { LacunaError } from '../spec/errors.js';

/** Size of a plain file. Links are followed: the cache of the Hugging Face Hub is made of them. */
export async function plainFile(path: string): Promise<{ readonly size: number }> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (found.isFile()) return found;
  throw new LacunaError({ where: path, what: 'this is not a plain file' });
}

/**
 * The bytes of a file that a person names; no pipe is waited for.
 *
 * @throws LacunaError for what cannot be read, is no plain file, or has more than `most` bytes.
 */
export async function readPlainFile(path: string, most: number): Promise<Buffer> {
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  const handle = await open(path, O_RDONLY | O_NONBLOCK).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) {
      throw new LacunaError({ where: path, what: 'this is not a plain file' });
    }
    if (found.size > most) {
      throw new LacunaError({
        where: path,
        what: 'the file is too large',
        got: `${found.size} bytes`,
        expected: `at most ${most}`,
      });
    }
    return await handle.readFile();
  } catch (cause) {
    throw cause instanceof LacunaError ? cause : unreadable(path, cause);
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a file, in hexadecimal, read piece by piece. @throws LacunaError where it cannot be read. */
export async function fileDigest(path: string): Promise<string> {
  const digest = new Sha256();
  try {
    for await (const piece of createReadStream(path)) digest.update(piece as Uint8Array);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return digest.hex();
}

/** What the system says of a file, as an error of ours. */
export function unreadable(path: string, cause: unknown): LacunaError {
  const got = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new LacunaError({ where: path, what: 'the file cannot be read', got }, { cause });
}
