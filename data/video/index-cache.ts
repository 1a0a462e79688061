import { stat } from 'node:fs/promises';

/** Weight of the indices that are kept, in frames: some 50 MiB. */
const MAX_WEIGHT = 2 ** 20;

/**
 * Keeps what reading a video through gave, so that no file is read through twice while it stays the
 * same: its device, number, length, and the nanoseconds of its last changes are the key. Indices used
 * least recently are dropped.
 */
export class IndexCache<T extends { readonly weight: number }> {
  readonly #kept = new Map<string, T>();
  #weight = 0;

  async get(path: string, make: () => T | Promise<T>): Promise<T> {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const key = [path, dev, ino, size, mtimeNs, ctimeNs].join(' ');
    const index = this.#kept.get(key) ?? (await make());
    this.#drop(key); // it comes last now
    this.#kept.set(key, index);
    this.#weight += index.weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= MAX_WEIGHT) break;
      this.#drop(oldest);
    }
    return index;
  }

  #drop(key: string): void {
    this.#weight -= this.#kept.get(key)?.weight ?? 0;
    this.#kept.delete(key);
  }
}
