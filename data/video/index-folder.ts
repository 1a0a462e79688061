import { lstat, readdir } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../core/sha256.js';
import { ownCacheFolder } from '../../formats/cache-folder.js';
import { removeFile } from '../../formats/file-operations.js';
import { readOwnFile } from '../../formats/own-file.js';
import { PARTIAL, replaceFile } from '../../formats/whole-file.js';
import { indexOfText, indexText, type StoredIndex } from './stored-index.js';

/** Goes up with whatever changes what an index says of a file: readers of bitstreams, timelines. */
const VERSION = 2;
/** Bytes of all indices together; the oldest go. */
const MAX_BYTES = 2 ** 28;
/** Bytes of one index: more than a million entries take. */
const MAX_INDEX_BYTES = 2 ** 25;
/** What the smallest file takes of a disk. */
const BLOCK_BYTES = 4096;
/** Files that are written between two counts of what lies there. */
const WRITES_BETWEEN_COUNTS = 256;

/** The limits of a folder; tests have smaller ones. */
export interface IndexFolderLimits {
  readonly maxBytes: number;
  readonly writesBetweenCounts: number;
}

/**
 * Indices of videos on disk, in the user's cache folder (`cacheFolder`), one file each: for workers and
 * processes that come later. What lies there may be damaged, a stranger's or gone: then there is none,
 * and it is written anew. A folder that cannot be written to is no error.
 */
export class IndexFolder {
  readonly #folder: Promise<string | undefined>;
  readonly #reader: string;
  readonly #limits: IndexFolderLimits;
  #writes = 0;

  /**
   * @param reader Who makes the indices, with its version: others may see other frames.
   * @param parent The user's cache folder (`cacheFolder`); undefined: nothing is kept.
   */
  constructor(
    reader: string,
    parent: string | undefined,
    limits: IndexFolderLimits = { maxBytes: MAX_BYTES, writesBetweenCounts: WRITES_BETWEEN_COUNTS },
  ) {
    this.#reader = reader;
    this.#limits = limits;
    this.#folder =
      parent === undefined ? Promise.resolve(undefined) : ownCacheFolder(parent, 'video-indices');
  }

  /** The index of a file in this state, where there is one. */
  async read(state: string): Promise<StoredIndex | undefined> {
    const path = await this.#pathOf(state);
    if (path === undefined) return undefined;
    try {
      const bytes = await readOwnFile(path, MAX_INDEX_BYTES);
      return bytes && indexOfText(bytes.toString('utf8'));
    } catch {
      return undefined;
    }
  }

  /** Keeps an index, whole or not at all. */
  async write(state: string, index: StoredIndex): Promise<void> {
    const path = await this.#pathOf(state);
    const text = path && indexText(index);
    if (path === undefined || text === undefined || text.length > MAX_INDEX_BYTES) return;
    try {
      if (this.#writes++ % this.#limits.writesBetweenCounts === 0) await this.#dropOldest();
      await replaceFile(path, text);
    } catch {
      // A full disk, or one that can only be read: the index is made again next time.
    }
  }

  async #pathOf(state: string): Promise<string | undefined> {
    const folder = await this.#folder;
    const key = sha256(JSON.stringify([VERSION, endianness(), this.#reader, state]));
    return folder && join(folder, `${key}.json`);
  }

  /** Removes the oldest files, and what killed processes left half-written, until the rest fits. */
  async #dropOldest(): Promise<void> {
    const folder = await this.#folder;
    if (folder === undefined) return;
    const files: { readonly path: string; readonly bytes: number; readonly time: number }[] = [];
    for (const name of await readdir(folder)) {
      if (!/^[0-9a-f]{64}\.json/.test(name)) continue; // none of ours
      const path = join(folder, name);
      const facts = await lstat(path).catch(() => undefined);
      if (facts === undefined) continue;
      const isLeft = name.includes(PARTIAL) && Date.now() - facts.mtimeMs > 3_600_000;
      if (isLeft) await removeFile(path);
      else files.push({ path, bytes: Math.max(facts.size, BLOCK_BYTES), time: facts.mtimeMs });
    }
    files.sort((a, b) => b.time - a.time);
    let bytes = 0;
    for (const file of files) {
      bytes += file.bytes;
      if (bytes > this.#limits.maxBytes) await removeFile(file.path);
    }
  }
}
