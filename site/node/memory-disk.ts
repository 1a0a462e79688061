import { resolve } from './path.js';

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
    // What was longer gives its memory back.
    this.#bytes = this.#bytes.slice(0, size);
    this.size = size;
  }
}

type Entry = MemoryFile | 'folder';

/** All files and folders by their full paths; `/` is always there. Nothing outlives the page. */
const ENTRIES = new Map<string, Entry>([['/', 'folder']]);

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
  if (entryAt(path) !== 'folder') throw systemError('ENOTDIR', path);
  const start = insideOf(path);
  const names = [...ENTRIES.keys()].filter(
    (each) => each !== '/' && each.startsWith(start) && !each.slice(start.length).includes('/'),
  );
  return names.map((each) => each.slice(start.length)).sort();
}

/** Gives something a name. @throws Error ENOENT where there is no folder for it, and EEXIST where it is taken. */
export function addEntry(path: string, entry: Entry): void {
  const full = fullPath(path);
  if (ENTRIES.has(full)) throw systemError('EEXIST', path);
  if (entryAt(`${full}/..`) !== 'folder') throw systemError('ENOTDIR', path);
  ENTRIES.set(full, entry);
}

/** @throws Error ENOENT, and ENOTEMPTY for a folder with something in it. */
export function removeEntry(path: string): void {
  const entry = entryAt(path);
  if (entry === 'folder' && namesIn(path).length > 0) throw systemError('ENOTEMPTY', path);
  if (entry !== 'folder') entry.names -= 1;
  ENTRIES.delete(fullPath(path));
}

/** Gives an entry, and what is in it, another name, which a file may have until then. */
export function renameEntry(from: string, to: string): void {
  const entry = entryAt(from);
  const [own, other] = [fullPath(from), fullPath(to)];
  if (own === other) return;
  if (ENTRIES.has(other)) removeEntry(to);
  addEntry(to, entry);
  ENTRIES.delete(own);
  if (entry !== 'folder') return;
  for (const path of [...ENTRIES.keys()].filter((each) => each.startsWith(`${own}/`))) {
    ENTRIES.set(`${other}${path.slice(own.length)}`, ENTRIES.get(path) as Entry);
    ENTRIES.delete(path);
  }
}

/** All files of a folder and of those in it, by their names from it, sorted. */
export function filesUnder(path: string): ReadonlyMap<string, MemoryFile> {
  const start = insideOf(path);
  const found = new Map<string, MemoryFile>();
  for (const name of [...ENTRIES.keys()].sort()) {
    const entry = ENTRIES.get(name);
    if (entry instanceof MemoryFile && name.startsWith(start)) {
      found.set(name.slice(start.length), entry);
    }
  }
  return found;
}

/** What the full paths of what is in a folder begin with. */
function insideOf(path: string): string {
  const full = fullPath(path);
  return full === '/' ? full : `${full}/`;
}
