import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Sha256 } from '../core/sha256.js';
import { LacunaError } from '../spec/errors.js';
import { OpenFile, removeFile, renameEntry, syncFolder } from './file-operations.js';

/** What was written. */
export interface Written {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Writes a new file piece by piece, digesting it on the way; durable after `finish`. */
export class FileWriter {
  readonly #file: OpenFile;
  readonly #digest: Sha256 = new Sha256();

  private constructor(file: OpenFile) {
    this.#file = file;
  }

  /** Creates the file; one that exists is an error. */
  static async create(path: string): Promise<FileWriter> {
    return new FileWriter(await OpenFile.create(path));
  }

  /** Writes the next piece; of a string, its UTF-8. */
  async write(content: string | Uint8Array): Promise<void> {
    const piece = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    await this.#file.write(piece);
    this.#digest.update(piece);
  }

  /** Makes the file durable and ends it. */
  async finish(): Promise<Written> {
    await this.#file.sync();
    await this.#file.close();
    return { bytes: this.#file.size, sha256: this.#digest.hex() };
  }

  /** Ends it after a failure, as it is. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}

/** Writes a whole new file, durably; after a failure there is none. */
export async function writeNewFile(path: string, content: string | Uint8Array): Promise<Written> {
  const writer = await FileWriter.create(path);
  try {
    await writer.write(content);
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    await removeFile(path).catch(() => {});
    throw error;
  }
}

/** Replaces a file, or creates it: whole or not at all, and durably. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await replaceFileBy(path, async (partial) => {
    await writeNewFile(partial, content);
  });
}

/**
 * Replaces a file, or creates it, whole or not at all: `write` makes a new file `partial` beside it,
 * which then takes its place by renaming: a link is replaced, and what it leads to stays as it is.
 * After a failure `partial` is removed.
 *
 * @throws LacunaError where it cannot be written.
 */
export async function replaceFileBy(
  path: string,
  write: (partial: string) => Promise<void>,
): Promise<void> {
  await requireReplaceable(path);
  const partial = partialOf(path);
  try {
    await write(partial);
    await renameEntry(partial, path);
  } catch (error) {
    await removeFile(partial).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Bytes that are gathered before they are written. */
const GATHERED = 2 ** 20;

/** Replaces a file, or creates it, by pieces: whole or not at all, and durably. */
export async function replaceFileOf(
  path: string,
  pieces: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  await replaceFileBy(path, async (partial) => {
    const writer = await FileWriter.create(partial);
    try {
      let gathered: Uint8Array[] = [];
      let bytes = 0;
      for await (const piece of pieces) {
        const own = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece;
        gathered.push(own);
        bytes += own.length;
        if (bytes < GATHERED) continue;
        await writer.write(Buffer.concat(gathered));
        gathered = [];
        bytes = 0;
      }
      await writer.write(Buffer.concat(gathered));
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    await writer.finish();
  });
}

/** @throws LacunaError for what is, or a link that leads to, a pipe, a device or a folder. */
async function requireReplaceable(path: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || facts.isFile()) return;
  throw new LacunaError({
    where: path,
    what: 'a file cannot be put in the place of what is there',
    got: facts.isDirectory() ? 'a folder' : 'a pipe or a device',
    expected: 'a plain file, or nothing',
    fix: 'Choose another place.',
  });
}

/** A name beside `path` that no other process uses, whatever machine or container it is in. */
function partialOf(path: string): string {
  return `${path}${PARTIAL}${randomUUID().slice(0, 13)}`;
}

/** What a name has that a killed process may have left half-written: nobody reads such files. */
export const PARTIAL = '.partial-';
