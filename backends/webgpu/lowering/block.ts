import type { Affine } from './affine.js';

/**
 * Statements of a kernel at one depth of its loops and conditions. What was computed in a block can
 * be used in it and in the blocks inside.
 */
export class Block {
  readonly lines: string[] = [];
  readonly parent: Block | undefined;
  /** The loop's variable; a value that does not depend on it is computed outside. */
  readonly variable: string | undefined;
  readonly #known = new Map<string, string>();

  constructor(parent?: Block, variable?: string) {
    this.parent = parent;
    this.variable = variable;
  }

  add(...lines: readonly string[]): void {
    this.lines.push(...lines);
  }

  /** The name of something that is computed already. */
  known(key: string): string | undefined {
    return this.#known.get(key) ?? this.parent?.known(key);
  }

  know(key: string, code: string): void {
    this.#known.set(key, code);
  }

  /** The outermost block in which an index may be computed. */
  home(index: Affine): Block {
    if (this.parent === undefined || this.variable === undefined) return this;
    return index.has(this.variable) ? this : this.parent.home(index);
  }

  /** Adds a block's statements, indented, between two lines. */
  nest(before: string, inner: Block, after = '}'): void {
    this.add(before, ...inner.lines.map((line) => `  ${line}`), after);
  }
}
