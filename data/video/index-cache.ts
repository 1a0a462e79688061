import { stat } from 'node:fs/promises';
import type { IndexFolder } from './index-folder.js';
import type { StoredIndex } from './stored-index.js';
import { filePath, type VideoPath } from './video-path.js';

/** Weight of the indices that are kept, in frames: some 50 MiB. */
const MAX_WEIGHT = 2 ** 20;

/**
 * Files that changed so lately are not kept on disk: within one tick of a file system's clock (2 s on
 * the coarsest) a file may change again and look the same.
 */
const SETTLED_MS = 2000;

/** Where indices are kept beyond this process, and how they lie there. */
export interface IndexStore<T> {
  readonly folder: IndexFolder;
  pack(index: T): StoredIndex;
  /** Undefined for what is none. */
  unpack(stored: StoredIndex, path: VideoPath): T | undefined;
}

/** An index that is kept. */
export interface Kept<T> {
  readonly index: T;
  /** More was learnt of the same file. */
  readonly replace: (index: T) => Promise<void>;
}

/**
 * Keeps what reading a video through gave, so that no file is read through twice while it stays the
 * same: its device, number, length, and the nanoseconds of its last changes are the key, and of a
 * member of a tar its place. Indices used
 * least recently are dropped from memory; those on disk serve other processes.
 */
export class IndexCache<T extends { readonly weight: number }> {
  readonly #store: IndexStore<T>;
  readonly #kept = new Map<string, T>();
  #weight = 0;

  constructor(store: IndexStore<T>) {
    this.#store = store;
  }

  /** The index of the file as it is now, and what puts another in its place. */
  async get(path: VideoPath, make: () => T | Promise<T>): Promise<Kept<T>> {
    const facts = await stat(filePath(path), { bigint: true });
    const { dev, ino, size, mtimeNs, ctimeNs } = facts;
    const place = typeof path === 'string' ? [] : [path.offset, path.bytes];
    const state = [dev, ino, size, mtimeNs, ctimeNs, ...place].join(' ');
    const changed = Math.max(Number(facts.mtimeMs), Number(facts.ctimeMs));
    const isSettled = Date.now() - changed > SETTLED_MS;
    const { folder, pack, unpack } = this.#store;
    const replace = async (index: T): Promise<void> => {
      this.#keep(key, index);
      if (isSettled) await folder.write(state, pack(index));
    };
    const key = `${filePath(path)} ${state}`;
    const inMemory = this.#kept.get(key);
    if (inMemory !== undefined) {
      this.#keep(key, inMemory);
      return { index: inMemory, replace };
    }
    const stored = await folder.read(state);
    const onDisk = stored && unpack(stored, path);
    const index = onDisk ?? (await make());
    if (onDisk === undefined) await replace(index);
    else this.#keep(key, index);
    return { index, replace };
  }

  #keep(key: string, index: T): void {
    this.#drop(key); // it comes last now
    this.#kept.set(key, index);
    this.#weight += index.weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= MAX_WEIGHT) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#weight -= this.#kept.get(key)?.weight ?? 0;
    this.#kept.delete(key);
  }
}
