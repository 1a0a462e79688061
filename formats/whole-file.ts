import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Sha256 } from '../core/sha256.js';

/** What was written. */
export interface Written {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Larger writes fail on some systems. */
const MAX_BYTES_A_WRITE = 64 * 2 ** 20;

/** Writes a new file piece by piece, digesting it on the way; durable after `close`. */
export class FileWriter {
  readonly #handle: FileHandle;
  readonly #digest: Sha256 = new Sha256();
  #bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Creates the file; one that exists is an error. */
  static async create(path: string): Promise<FileWriter> {
    return new FileWriter(await open(path, 'wx'));
  }

  /** Writes the next piece; of a string, its UTF-8. */
  async write(content: string | Uint8Array): Promise<void> {
    const piece = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    for (let start = 0; start < piece.length; start += MAX_BYTES_A_WRITE) {
      const part = piece.subarray(start, start + MAX_BYTES_A_WRITE);
      this.#digest.update(part);
      let written = 0;
      while (written < part.length) {
        const { bytesWritten } = await this.#handle.write(part, written);
        written += bytesWritten;
      }
    }
    this.#bytes += piece.length;
  }

  /** Makes the file durable and ends it. */
  async finish(): Promise<Written> {
    await this.#handle.sync();
    await this.#handle.close();
    return { bytes: this.#bytes, sha256: this.#digest.hex() };
  }

  /** Ends it after a failure, as it is. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => {});
  }
}

/** Writes a whole new file, durably. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<Written> {
  const writer = await FileWriter.create(path);
  try {
    await writer.write(content);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return writer.finish();
}

/** Replaces a file, or creates it: whole or not at all, and durably. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await replaceFileBy(path, async (partial) => {
    await writeNewFile(partial, content);
  });
}

/**
 * Replaces a file, or creates it, whole or not at all: `write` makes a new file `partial` beside it,
 * which then takes its place by renaming. After a failure `partial` is removed.
 */
export async function replaceFileBy(
  path: string,
  write: (partial: string) => Promise<void>,
): Promise<void> {
  const partial = `${path}.partial-${process.pid}`;
  try {
    await write(partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes the names in a folder durable; where the system cannot, it does nothing. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Windows cannot open a folder; some file systems cannot sync one.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EISDIR' || code === 'EPERM' || code === 'EINVAL' || code === 'ENOTSUP') return;
    throw error;
  }
}
