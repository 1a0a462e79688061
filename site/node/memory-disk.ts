import { basename, dirname, resolve } from './path.js';

/** A file that nobody writes to keeps at most so many bytes more than it needs. */
const SLACK_BYTES = 2 ** 16;

/** A file in memory, under one name or several. */
export class MemoryFile {
  size = 0;
  names = 1;
  #bytes = new Uint8Array(0);

  /** What is in it, as long as nothing is written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.size);
  }

  write(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.fill(0, this.size, Math.max(this.size, at));
    this.#bytes.set(bytes, at);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    if (size > this.size) this.write(new Uint8Array(size - this.size), this.size);
    this.size = size;
    this.#fit();
  }

  /** Gives back what it grew by and does not need: nobody writes to it for now. */
  trim(): void {
    if (this.#bytes.length - this.size > SLACK_BYTES) this.#fit();
  }

  #fit(): void {
    if (this.#bytes.length > this.size) this.#bytes = this.#bytes.slice(0, this.size);
  }
}

type Entry = MemoryFile | 'folder';

/** All files and folders by their full paths; `/` is always there. Nothing outlives the page. */
const ENTRIES = new Map<string, Entry>([['/', 'folder']]);
/** What is in each folder, by its full path: a look into one does not go through all files. */
const NAMES = new Map<string, Set<string>>([['/', new Set()]]);

/** The system's error of this code, as Node would have it. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code, path });
}

/** The full path of a name. Paths come as text, or as a URL of a file, which no caller here has. */
export function fullPath(path: string): string {
  return resolve(path);
}

/** @throws Error ENOENT where nothing has this name, and ENOTDIR where a file stands in its way. */
export function entryAt(path: string): Entry {
  const entry = ENTRIES.get(fullPath(path));
  if (entry !== undefined) return entry;
  for (let above = fullPath(`${path}/..`); ; above = fullPath(`${above}/..`)) {
    const found = ENTRIES.get(above);
    if (found !== undefined) throw systemError(found === 'folder' ? 'ENOENT' : 'ENOTDIR', path);
  }
}

export function exists(path: string): boolean {
  return ENTRIES.has(fullPath(path));
}

/** @throws Error ENOENT, and EISDIR for a folder. */
export function fileAt(path: string): MemoryFile {
  const entry = entryAt(path);
  if (entry === 'folder') throw systemError('EISDIR', path);
  return entry;
}

/** The names in a folder, sorted. @throws Error ENOENT, and ENOTDIR for a file. */
export function namesIn(path: string): readonly string[] {
  return [...namesOf(path)].sort();
}

/** Gives something a name. @throws Error ENOENT where there is no folder for it, and EEXIST where it is taken. */
export function addEntry(path: string, entry: Entry): void {
  const full = fullPath(path);
  if (ENTRIES.has(full)) throw systemError('EEXIST', path);
  namesOf(dirname(full)).add(basename(full));
  ENTRIES.set(full, entry);
  if (entry === 'folder') NAMES.set(full, new Set());
}

/** @throws Error ENOENT, and ENOTEMPTY for a folder with something in it. */
export function removeEntry(path: string): void {
  const entry = entryAt(path);
  const full = fullPath(path);
  if (entry !== 'folder') entry.names -= 1;
  else if (namesOf(full).size > 0) throw systemError('ENOTEMPTY', path);
  ENTRIES.delete(full);
  NAMES.delete(full);
  namesOf(dirname(full)).delete(basename(full));
}

/**
 * Gives an entry, and what is in it, another name, which a file or an empty folder may have until then.
 *
 * @throws Error EISDIR for a file in the place of a folder, ENOTDIR for a folder in that of a file, EINVAL for a folder
 * that would lie in itself, and ENOTEMPTY.
 */
export function renameEntry(from: string, to: string): void {
  const entry = entryAt(from);
  const [own, other] = [fullPath(from), fullPath(to)];
  namesOf(dirname(other));
  if (other.startsWith(`${own}/`)) throw systemError('EINVAL', to);
  if (own.startsWith(`${other}/`)) throw systemError('ENOTEMPTY', to);
  const before = ENTRIES.get(other);
  // Nothing happens to two names of one file.
  if (own === other || (before !== 'folder' && before === entry)) return;
  if (before !== undefined) {
    if (before === 'folder' && entry !== 'folder') throw systemError('EISDIR', to);
    if (before !== 'folder' && entry === 'folder') throw systemError('ENOTDIR', to);
    removeEntry(to);
  }
  addEntry(to, entry);
  if (entry === 'folder') {
    for (const name of namesOf(own)) renameEntry(`${own}/${name}`, `${other}/${name}`);
    NAMES.delete(own);
  }
  ENTRIES.delete(own);
  namesOf(dirname(own)).delete(basename(own));
}

/** All files of a folder and of those in it, by their names from it, sorted; none where there is no folder. */
export function filesUnder(path: string): ReadonlyMap<string, MemoryFile> {
  const files: [name: string, file: MemoryFile][] = [];
  const look = (folder: string, above: string): void => {
    for (const name of NAMES.get(folder) ?? []) {
      const entry = ENTRIES.get(resolve(folder, name));
      if (entry instanceof MemoryFile) files.push([`${above}${name}`, entry]);
      else look(resolve(folder, name), `${above}${name}/`);
    }
  };
  look(fullPath(path), '');
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The names in a folder. @throws Error ENOENT, and ENOTDIR for a file. */
function namesOf(path: string): Set<string> {
  const names = entryAt(path) === 'folder' ? NAMES.get(fullPath(path)) : undefined;
  if (names === undefined) throw systemError('ENOTDIR', path);
  return names;
}
