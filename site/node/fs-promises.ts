import { Buffer } from 'buffer/index.js';
import { constants } from './fs.js';
import {
  addEntry,
  entryAt,
  exists,
  fileAt,
  fullPath,
  MemoryFile,
  namesIn,
  removeEntry,
  renameEntry,
  systemError,
} from './memory-disk.js';
import { dirname } from './path.js';

/** `node:fs/promises` over `memory-disk.ts`: what the sources call, with the errors that they look for. */
interface Facts {
  readonly size: number;
  readonly nlink: number;
  /** Milliseconds; nothing here has a time. */
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** An open file, or folder, which can only be synced. */
export class FileHandle {
  readonly #path: string;
  readonly #flags: number;
  #position = 0;

  constructor(path: string, flags: number) {
    this.#path = path;
    this.#flags = flags;
    // As on a disk, a file that is removed while it is open can be read on.
    this.#entry = entryAt(path);
  }

  readonly #entry: MemoryFile | 'folder';

  get #file(): MemoryFile {
    if (this.#entry === 'folder') throw systemError('EISDIR', this.#path);
    return this.#entry;
  }

  async read(
    buffer: Uint8Array,
    offset: number | { readonly position?: number } = 0,
    length: number = buffer.length,
    position?: number | null,
  ): Promise<{ readonly bytesRead: number; readonly buffer: Uint8Array }> {
    const at = typeof offset === 'object' ? offset.position : (position ?? undefined);
    const from = at ?? this.#position;
    const start = typeof offset === 'object' ? 0 : offset;
    const piece = this.#file.bytes.subarray(from, from + length);
    buffer.set(piece, start);
    if (at === undefined) this.#position += piece.length;
    return { bytesRead: piece.length, buffer };
  }

  async write(bytes: Uint8Array): Promise<{ readonly bytesWritten: number }> {
    const at = (this.#flags & constants.O_APPEND) === 0 ? this.#position : this.#file.size;
    this.#file.write(bytes, at);
    this.#position = at + bytes.length;
    return { bytesWritten: bytes.length };
  }

  async truncate(size: number = 0): Promise<void> {
    this.#file.truncate(size);
  }

  async readFile(): Promise<Buffer> {
    return Buffer.from(this.#file.bytes);
  }

  async *createReadStream(): AsyncGenerator<Buffer, void> {
    yield this.readFile();
  }

  async stat(): Promise<Facts> {
    return factsOf(this.#entry);
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#entry !== 'folder') this.#entry.trim();
  }
}

export async function open(path: string, flags: number | 'r' = 0): Promise<FileHandle> {
  const bits = flags === 'r' ? constants.O_RDONLY : flags;
  if ((bits & constants.O_CREAT) !== 0 && !exists(path)) addEntry(path, new MemoryFile());
  else if ((bits & constants.O_EXCL) !== 0) throw systemError('EEXIST', path);
  const entry = entryAt(path);
  const writes = (bits & constants.O_WRONLY) !== 0;
  if (entry === 'folder' && writes) throw systemError('EISDIR', path);
  if (entry !== 'folder' && (bits & constants.O_DIRECTORY) !== 0)
    throw systemError('ENOTDIR', path);
  return new FileHandle(path, bits);
}

export async function stat(path: string): Promise<Facts> {
  return factsOf(entryAt(path));
}

/** There are no links. */
export function lstat(path: string): Promise<Facts> {
  return stat(path);
}

export async function realpath(path: string): Promise<string> {
  entryAt(path);
  return fullPath(path);
}

export function readFile(path: string): Promise<Buffer>;
export function readFile(path: string, encoding: 'utf8'): Promise<string>;
export async function readFile(path: string, encoding?: 'utf8'): Promise<Buffer | string> {
  const bytes = Buffer.from(fileAt(path).bytes);
  return encoding === undefined ? bytes : bytes.toString(encoding);
}

export async function writeFile(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  if (!exists(path)) addEntry(path, new MemoryFile());
  const file = fileAt(path);
  file.truncate(0);
  file.write(bytes, 0);
}

interface Named extends Omit<Facts, 'size' | 'nlink' | 'mtimeMs'> {
  readonly name: string;
}

export function readdir(path: string): Promise<string[]>;
export function readdir(path: string, options: { readonly withFileTypes: true }): Promise<Named[]>;
export async function readdir(
  path: string,
  options?: { readonly withFileTypes: true },
): Promise<(string | Named)[]> {
  const names = namesIn(path);
  if (options === undefined) return [...names];
  return names.map((name) => ({ name, ...factsOf(entryAt(`${path}/${name}`)) }));
}

export async function mkdir(
  path: string,
  { recursive = false }: { readonly recursive?: boolean } = {},
): Promise<void> {
  if (recursive && exists(path) && entryAt(path) === 'folder') return;
  const above = dirname(fullPath(path));
  if (recursive && !exists(above)) await mkdir(above, { recursive });
  addEntry(path, 'folder');
}

export async function rename(from: string, to: string): Promise<void> {
  renameEntry(from, to);
}

export async function link(from: string, to: string): Promise<void> {
  const file = fileAt(from);
  addEntry(to, file);
  file.names += 1;
}

export async function unlink(path: string): Promise<void> {
  fileAt(path);
  removeEntry(path);
}

export async function rmdir(path: string): Promise<void> {
  if (entryAt(path) !== 'folder') throw systemError('ENOTDIR', path);
  removeEntry(path);
}

export async function rm(
  path: string,
  {
    recursive = false,
    force = false,
  }: { readonly recursive?: boolean; readonly force?: boolean } = {},
): Promise<void> {
  if (force && isFree(path)) return;
  if (recursive && entryAt(path) === 'folder') {
    for (const name of namesIn(path)) await rm(`${path}/${name}`, { recursive });
  }
  removeEntry(path);
}

function factsOf(entry: MemoryFile | 'folder'): Facts {
  const isFolder = entry === 'folder';
  return {
    size: isFolder ? 0 : entry.size,
    nlink: isFolder ? 2 : entry.names,
    mtimeMs: 0,
    isFile: () => !isFolder,
    isDirectory: () => isFolder,
    isSymbolicLink: () => false,
  };
}

/** Whether nothing has this name. @throws Error ENOTDIR where a file stands in its way. */
function isFree(path: string): boolean {
  try {
    entryAt(path);
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
    throw error;
  }
}
