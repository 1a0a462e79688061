/**
 * Of values without end about `most`: every value at first, then every second, every fourth, ... and always
 * the last, so that a run of any length is drawn from a bounded number of points.
 */
export class Thinned<T> {
  readonly #most: number;
  #kept: T[] = [];
  #every = 1;
  #count = 0;
  #last: T | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  get last(): T | undefined {
    return this.#last;
  }

  add(value: T): void {
    if (this.#count % this.#every === 0) this.#kept.push(value);
    this.#count += 1;
    this.#last = value;
    if (this.#kept.length <= this.#most) return;
    this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
    this.#every *= 2;
  }

  clear(): void {
    this.#kept = [];
    this.#every = 1;
    this.#count = 0;
    this.#last = undefined;
  }

  values(): readonly T[] {
    const last = this.#last;
    return last === undefined || this.#kept.at(-1) === last ? this.#kept : [...this.#kept, last];
  }
}
