import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../core/sha256.js';
import { makeFolder, removeFile } from '../formats/file-operations.js';
import { readOwnFile } from '../formats/own-file.js';
import { sealJson, unsealJson } from '../formats/sealed-json.js';
import { PARTIAL, replaceFile } from '../formats/whole-file.js';

/** Another number makes every embedding anew. */
const VERSION = 1;
/** 1,024 rows of 4,096 numbers, and 6,000 tokens of 1,408, are below it in base 64. */
const MAX_BYTES = 2 ** 27;

const AN_HOUR = 3_600_000;

const ENTRY = z.strictObject({
  /** What the rows are of, as the key says it: told again, so that a renamed file is noticed. */
  key: z.string().max(256),
  width: z.int().min(1).max(65_536),
  rows: z.string().max(MAX_BYTES),
});

/** Rows of one width, row by row. */
export interface EmbeddingRows {
  readonly width: number;
  readonly values: Float32Array;
}

/** What rows depend on, each part by its digest or its value. */
export type EmbeddingKey = readonly (string | number | null)[];

/**
 * Embeddings in a folder, one file each, so that what was computed once is not computed again: after a
 * kill, for another protocol, or when a clip was added. A file is there whole or not at all, and two
 * processes may write at once. One that is damaged, or of something else, is none, and is written anew.
 */
export class EmbeddingCache {
  readonly #folder: string;
  /** How many were found, and how many written. */
  readonly counts = { found: 0, written: 0 };

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Opens a folder, and removes what killed processes left half-written in it.
   * @throws LacunaError where the folder cannot be made.
   */
  static async open(folder: string): Promise<EmbeddingCache> {
    await makeFolder(folder);
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const facts = name.includes(PARTIAL) ? await lstat(path).catch(() => undefined) : undefined;
      // Another process may be writing it just now.
      if (facts?.isFile() === true && Date.now() - facts.mtimeMs > AN_HOUR) await removeFile(path);
    }
    return new EmbeddingCache(folder);
  }

  /** Undefined where there is none of this key. */
  async read(key: EmbeddingKey): Promise<EmbeddingRows | undefined> {
    const name = nameOf(key);
    try {
      const bytes = await readOwnFile(this.#path(name), MAX_BYTES);
      if (bytes === undefined) return undefined;
      const { key: own, width, rows } = ENTRY.parse(unsealJson(bytes.toString('utf8')));
      const packed = Buffer.from(rows, 'base64');
      if (own !== name || packed.length === 0 || packed.length % (4 * width) !== 0)
        return undefined;
      const values = new Float32Array(packed.length / 4);
      for (let i = 0; i < values.length; i++) values[i] = packed.readFloatLE(4 * i);
      if (!values.every(Number.isFinite)) return undefined;
      this.counts.found += 1;
      return { width, values };
    } catch {
      return undefined;
    }
  }

  /** Keeps rows, whole or not at all. @throws LacunaError where they cannot be written. */
  async write(key: EmbeddingKey, { width, values }: EmbeddingRows): Promise<void> {
    const name = nameOf(key);
    const packed = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => {
      packed.writeFloatLE(value, 4 * i);
    });
    const entry = { key: name, width, rows: packed.toString('base64') };
    await replaceFile(this.#path(name), sealJson(entry));
    this.counts.written += 1;
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

function nameOf(key: EmbeddingKey): string {
  return sha256(JSON.stringify([VERSION, ...key]));
}
