/** Two adjacent symbols as one number: `left * 2^20 + right`, so that keys order as pairs do. */
export function pairKey(left: number, right: number): number {
  return left * SYMBOL_LIMIT + right;
}

/** The two symbols of a key. */
export function pairOf(key: number): [left: number, right: number] {
  return [Math.floor(key / SYMBOL_LIMIT), key % SYMBOL_LIMIT];
}

const SYMBOL_LIMIT = 2 ** 20;

interface Entry {
  readonly key: number;
  readonly count: number;
}

/**
 * How often each pair occurs, with the most frequent one at hand; ties go to the lower pair
 * (lower left symbol, then lower right symbol).
 *
 * A binary heap of (pair, count) entries; a changed count adds an entry, and an entry whose count
 * no longer holds is dropped when it comes up.
 */
export class PairCounts {
  readonly #counts = new Map<number, number>();
  readonly #heap: Entry[] = [];

  /** Adds `amount`, which may be negative, to the count of a pair. */
  add(key: number, amount: number): void {
    const count = (this.#counts.get(key) ?? 0) + amount;
    if (count === 0) this.#counts.delete(key);
    else {
      this.#counts.set(key, count);
      this.#push({ key, count });
    }
  }

  /** The key of the most frequent pair, or undefined if none occurs `minimum` times. */
  mostFrequent(minimum: number): number | undefined {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined || top.count < minimum) return undefined;
      if (this.#counts.get(top.key) === top.count) return top.key;
      this.#pop();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !precedes(entry, above)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let best = left;
      if (right !== undefined && precedes(right, left)) {
        best = right;
        child++;
      }
      if (!precedes(best, moved)) break;
      heap[place] = best;
      place = child;
    }
    heap[place] = moved;
  }
}

function precedes(a: Entry, b: Entry): boolean {
  return a.count === b.count ? a.key < b.key : a.count > b.count;
}
