import { constants } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LacunaError } from '../spec/errors.js';

/**
 * What is done to files that must outlive a kill and a loss of power. Everything that writes into a
 * folder of ours goes through these functions, so that `recordFileOperations` sees all of it.
 *
 * Names are what `open` returned them for: a file keeps its number through renames.
 */
export type FileOperation =
  | { readonly kind: 'create'; readonly path: string; readonly file: number }
  | {
      readonly kind: 'write';
      readonly file: number;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'truncate'; readonly file: number; readonly size: number }
  | { readonly kind: 'sync'; readonly file: number }
  /** A file that was there before is opened to be added to. */
  | { readonly kind: 'open'; readonly path: string; readonly file: number }
  | { readonly kind: 'rename' | 'link'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'unlink' | 'mkdir' | 'rmdir' | 'sync-folder';
      readonly path: string;
    };

let listener: ((operation: FileOperation) => void) | undefined;
let files = 0;

/** Tells `onOperation` of each operation once it was done, until the function returned is called. */
export function recordFileOperations(onOperation: (operation: FileOperation) => void): () => void {
  listener = onOperation;
  return () => {
    listener = undefined;
  };
}

// Windows has none of these.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_APPEND, O_CREAT, O_EXCL, O_WRONLY, O_RDONLY } = constants;

/** Larger writes fail on some systems. */
const MAX_BYTES_A_WRITE = 64 * 2 ** 20;

/** A plain file that is written at its end. */
export class OpenFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #file: number;
  #size: number;

  private constructor(path: string, handle: FileHandle, file: number, size: number) {
    this.path = path;
    this.#handle = handle;
    this.#file = file;
    this.#size = size;
  }

  /** A new file. @throws the system's EEXIST where the name is taken, by a link too. */
  static async create(path: string): Promise<OpenFile> {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const handle = await writing(path, () => open(path, flags));
    const file = files++;
    listener?.({ kind: 'create', path, file });
    return new OpenFile(path, handle, file, 0);
  }

  /**
   * A file that is added to, and begun where there is none.
   * @throws LacunaError for a link, a pipe, a folder, or a file that has a second name.
   */
  static async append(path: string): Promise<OpenFile> {
    try {
      return await OpenFile.create(path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
    const handle = await writing(path, () => open(path, flags));
    try {
      const { size, nlink } = await plain(path, handle);
      if (nlink > 1) throw notOurs(path, 'a file with a second name elsewhere');
      const file = files++;
      listener?.({ kind: 'open', path, file });
      return new OpenFile(path, handle, file, size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get size(): number {
    return this.#size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const part = bytes.subarray(done, done + MAX_BYTES_A_WRITE);
      const { bytesWritten } = await writing(this.path, () => this.#handle.write(part));
      listener?.({
        kind: 'write',
        file: this.#file,
        at: this.#size,
        bytes: part.slice(0, bytesWritten),
      });
      done += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async truncate(size: number): Promise<void> {
    await writing(this.path, () => this.#handle.truncate(size));
    listener?.({ kind: 'truncate', file: this.#file, size });
    this.#size = size;
  }

  /** Makes what was written durable; the file's name is made so by `syncFolder`. */
  async sync(): Promise<void> {
    await writing(this.path, () => this.#handle.sync());
    listener?.({ kind: 'sync', file: this.#file });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Opens a plain file to read: never a link, a pipe or a device. @throws the system's ENOENT. */
export async function openPlain(path: string): Promise<{ handle: FileHandle; size: number }> {
  let handle: FileHandle;
  try {
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error;
    if (codeOf(error) === 'ELOOP') throw notOurs(path, 'a link');
    throw new LacunaError(
      { where: path, what: 'the file cannot be read', got: codeOf(error) },
      { cause: error },
    );
  }
  try {
    const { size } = await plain(path, handle);
    return { handle, size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The same, and undefined where nothing is there. */
export async function openPlainIfThere(
  path: string,
): Promise<Awaited<ReturnType<typeof openPlain>> | undefined> {
  try {
    return await openPlain(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Gives a file another name; what had that name is gone. Durable after `syncFolder`. */
export async function renameEntry(from: string, to: string): Promise<void> {
  await writing(to, () => rename(from, to));
  listener?.({ kind: 'rename', from, to });
}

/** Gives a file a second name. @throws the system's EEXIST where that name is taken. */
export async function linkFile(from: string, to: string): Promise<void> {
  await writing(to, () => link(from, to));
  listener?.({ kind: 'link', from, to });
}

/** Removes a file, or a link but not what it leads to; nothing where there is none. */
export async function removeFile(path: string): Promise<void> {
  try {
    await writing(path, () => unlink(path), ['ENOENT']);
    listener?.({ kind: 'unlink', path });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** Makes a folder and those above it that are missing, durably. @throws LacunaError */
export async function makeFolder(path: string): Promise<void> {
  try {
    await writing(path, () => mkdir(path), ['ENOENT']);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return requireFolder(path);
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    return makeFolder(path);
  }
  listener?.({ kind: 'mkdir', path });
  await syncFolder(dirname(path));
}

/** Makes a folder that must be a real one inside another of ours. @throws LacunaError for a link. */
export async function makeOwnFolder(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return makeFolder(path);
  if (!facts.isDirectory()) {
    throw notOurs(path, facts.isSymbolicLink() ? 'a link in place of a folder' : 'no folder');
  }
}

/** Removes a folder of plain files and folders, and nothing that a link in it leads to. */
export async function removeFolder(path: string): Promise<void> {
  const facts = await lstat(path).catch(() => undefined);
  if (facts === undefined) return;
  if (!facts.isDirectory()) return removeFile(path);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) await removeFolder(inner);
    else await removeFile(inner);
  }
  await writing(path, () => rmdir(path));
  listener?.({ kind: 'rmdir', path });
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
    if (!['EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP', 'EACCES'].includes(codeOf(error))) {
      throw cannotWrite(path, error);
    }
  }
  listener?.({ kind: 'sync-folder', path });
}

/** What the system calls a failure, or its text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

async function plain(path: string, handle: FileHandle): Promise<{ size: number; nlink: number }> {
  const facts = await handle.stat();
  if (!facts.isFile()) throw notOurs(path, facts.isDirectory() ? 'a folder' : 'a pipe or a device');
  return facts;
}

async function requireFolder(path: string): Promise<void> {
  // A folder that a person names may be a link to one.
  const handle = await open(path, constants.O_DIRECTORY | O_NONBLOCK).catch((error: unknown) => {
    throw cannotWrite(path, error);
  });
  await handle.close();
}

function notOurs(path: string, got: string): LacunaError {
  return new LacunaError({
    where: path,
    what: 'this is no file that Lacuna wrote here, so it is neither read nor written',
    got,
    expected: 'a plain file',
    fix: 'Look at where it comes from, then remove it.',
  });
}

/** Runs what writes; what only its caller can tell, EEXIST and `expected`, is left as it is. */
async function writing<T>(
  path: string,
  work: () => Promise<T>,
  expected: readonly string[] = [],
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST' || expected.includes(code)) throw error;
    if (code === 'ELOOP') throw notOurs(path, 'a link');
    if (code === 'ENXIO' || code === 'EISDIR')
      throw notOurs(path, code === 'EISDIR' ? 'a folder' : 'a pipe');
    throw cannotWrite(path, error);
  }
}

const REASONS: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  ENOSPC: ['the disk is full', 'Make space, then go on where this ended.'],
  EDQUOT: ['the quota of this disk is used up', 'Make space, then go on where this ended.'],
  EFBIG: ['the file would be larger than is allowed here', 'Choose another folder.'],
  EROFS: ['this lies on a disk that can only be read', 'Choose a folder that can be written to.'],
  EACCES: ['this may not be written', 'Choose a folder that you may write to.'],
  EPERM: ['this may not be written', 'Choose a folder that you may write to.'],
  ENOENT: ['its folder does not exist', 'Make the folder, or choose another.'],
  ENOTDIR: ['its folder is none', 'Choose another folder.'],
  EIO: ['the disk reports a failure', 'Look after the disk, then go on where this ended.'],
};

/** What the system says of writing, as an error of ours; an error of ours stays as it is. */
export function cannotWrite(path: string, cause: unknown): LacunaError {
  if (cause instanceof LacunaError) return cause;
  const code = codeOf(cause);
  const [what, fix] = REASONS[code] ?? ['this cannot be written', 'Choose another folder.'];
  return new LacunaError({ where: path, what, got: code, fix }, { cause });
}
