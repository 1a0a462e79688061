/**
 * A source of choices: a list of integers from 0, read once from front to back. Whatever is made of
 * it is a function of the list, shorter lists make smaller things, and 0 is the plainest choice, so
 * that a property test may draw such lists and shrink them.
 */
export class Choices {
  readonly #list: readonly number[];
  #position = 0;

  constructor(list: readonly number[]) {
    this.#list = list;
  }

  /** Whether all were read; every further choice is 0. */
  get spent(): boolean {
    return this.#position >= this.#list.length;
  }

  /** An integer in [0, n). */
  below(n: number): number {
    const choice = this.#list[this.#position++] ?? 0;
    return choice % n;
  }

  flip(): boolean {
    return this.below(2) === 1;
  }

  of<T>(options: readonly T[]): T {
    return options[this.below(options.length)] as T;
  }
}
