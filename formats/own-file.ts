import { Sha256 } from '../core/sha256.js';
import { LacunaError } from '../spec/errors.js';
import { codeOf, openPlain, openPlainIfThere } from './file-operations.js';

/**
 * The bytes of a file in a folder that Lacuna writes, or undefined where there is none. What lies
 * there may be a stranger's: no link is followed, and no more than `most` bytes are read.
 *
 * @throws LacunaError for what is no plain file, or too large.
 */
export async function readOwnFile(path: string, most: number): Promise<Buffer | undefined> {
  const opened = await openPlainIfThere(path);
  if (opened === undefined) return undefined;
  const { handle, size } = opened;
  try {
    if (size > most) {
      throw new LacunaError({
        where: path,
        what: 'this file is too large',
        got: `${size} bytes`,
        expected: `at most ${most}`,
      });
    }
    const bytes = Buffer.alloc(size);
    let done = 0;
    while (done < size) {
      const { bytesRead } = await handle.read(bytes, done, size - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}

const PIECE_BYTES = 2 ** 20;

/**
 * The size of such a file and, where it is `expected`, the SHA-256 of its bytes: one of another size
 * is not read.
 *
 * @throws LacunaError for what is no plain file, or is not there.
 */
export async function ownFileDigest(
  path: string,
  expected: number,
): Promise<{ readonly size: number; readonly digest?: string }> {
  const { handle, size } = await openPlain(path).catch((cause: unknown) => {
    if (cause instanceof LacunaError) throw cause;
    throw new LacunaError({ where: path, what: 'the file is missing', got: codeOf(cause) });
  });
  try {
    if (size !== expected) return { size };
    const digest = new Sha256();
    const piece = Buffer.alloc(Math.min(size, PIECE_BYTES));
    let done = 0;
    while (done < size) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, done);
      if (bytesRead === 0) return { size: done };
      digest.update(piece.subarray(0, bytesRead));
      done += bytesRead;
    }
    return { size, digest: digest.hex() };
  } finally {
    await handle.close();
  }
}
