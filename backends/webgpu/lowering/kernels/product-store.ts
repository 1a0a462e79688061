import { Affine } from '../affine.js';
import { Block } from '../block.js';
import type { Expressions, Held } from '../expressions.js';
import { type KernelContext, sameIndex } from './context.js';
import type { ProductKernel, ProductPlan } from './product-plan.js';

/** What a kernel makes of an element of a product: of each member in turn, which the later ones are made of. */
export class MadeElements {
  /** Members that lie in memory. */
  readonly stored: readonly string[];
  readonly place: Affine;
  readonly #plan: ProductPlan;
  readonly #element: string;
  readonly #own = new Map<string, string>();

  /**
   * @param place The element of the product.
   * @param element The product there, in WGSL.
   */
  constructor(plan: ProductPlan, context: KernelContext, place: Affine, element: string) {
    this.stored = plan.members.filter((name) => context.hasMemory(name));
    this.place = place;
    this.#plan = plan;
    this.#element = element;
  }

  /** What the kernel has at hand. */
  readonly held: Held = (name, at) => {
    if (!sameIndex(at, this.place)) return undefined;
    return name === this.#plan.product ? this.#element : this.#own.get(name);
  };

  /** Statements that make the members, and what those that are stored are then. */
  values(expressions: Expressions, block: Block): readonly string[] {
    this.#own.clear();
    for (const member of this.#plan.members) {
      const isProduct = member === this.#plan.product;
      const value = isProduct ? this.#element : expressions.definitionAt(member, this.place, block);
      this.#own.set(member, value);
    }
    return this.stored.map((name) => this.#own.get(name) as string);
  }
}

/** Where a part of the sums begins. */
export function partPlace({ parts, batches, a, b }: ProductPlan, part: string): Affine {
  return Affine.variable(part, parts).times(batches * a.extent * b.extent);
}

/** The function that stores the sums of four lines of a. */
export function storeSums({ plan, source }: ProductKernel, target: string): readonly string[] {
  const m = plan.a.extent;
  const at = (first: Affine, lines: number): Affine =>
    Affine.variable('part', plan.parts).times(lines).plus(first);
  const each = [0, 1, 2, 3].map((next) => {
    const place = at(Affine.variable(`(first + ${next}u)`, m), m);
    return `  if (first + ${next}u < ${m}u) { ${source.store(target, place, `four[${next}]`)} }`;
  });
  const isOne = m % 4 === 0 && source.hasVectors(target);
  const fours = at(Affine.variable('(first / 4u)', m / 4), m / 4);
  const one = (): string => `  if (first < ${m}u) { ${source.storeVector(target, fours, 'four')} }`;
  return [
    'fn put_sums(part: u32, first: u32, four: vec4<f32>) {',
    ...(isOne ? [one()] : each),
    '}',
  ];
}

/**
 * Stores four elements of a row of the product, or what is made of each: together where they lie side by
 * side in a buffer of such fours.
 */
export function storeFour(
  { plan, source, expressions }: ProductKernel,
  made: MadeElements,
  partial?: string,
): Block {
  const { product, batches } = plan;
  const [m, n] = [plan.a.extent, plan.b.extent];
  const targets = partial === undefined ? made.stored : [partial];
  const start = partial === undefined ? Affine.constant(0) : partPlace(plan, 'part');
  const store = new Block();
  // In software an element is stored as fast, and compiled sooner.
  const isSoftware = plan.tiling.memory === 'direct';
  const isOne = !isSoftware && n % 4 === 0 && targets.every((name) => source.hasVectors(name));
  if (isOne) store.add(`if (first >= ${n}u) { return; }`);
  const isProduct = partial !== undefined || targets.every((name) => name === product);
  if (isOne && !isProduct) {
    store.add(...targets.map((_, at) => `var made_${at} = vec4<f32>();`));
  }
  const fours = Affine.variable('batch', batches)
    .times((m * n) / 4)
    .plus(Affine.variable('row', m).times(n / 4))
    .plus(Affine.opaque('(first / 4u)', n / 4, Affine.variable('first', n)));
  // Before anything is read: what is written over a value that is read here binds it by fours.
  const together = (isOne ? targets : []).map((target, at) =>
    source.storeVector(
      target,
      start.dividedBy(4).quotient.plus(fours),
      isProduct ? 'four' : `made_${at}`,
    ),
  );
  const writeOne = (next: string): Block => {
    const own = new Block(store);
    own.add(`let col = first + ${next};`);
    if (!isOne) own.add(`if (col >= ${n}u) { return; }`);
    own.add(`let product = four[${next}];`);
    const values = partial === undefined ? made.values(expressions, own) : ['product'];
    targets.forEach((target, at) => {
      const value = values[at] as string;
      const place = start.plus(made.place);
      own.add(isOne ? `made_${at}[${next}] = ${value};` : source.store(target, place, value));
    });
    return own;
  };
  if (isOne && isProduct) {
    // They are stored as they are.
  } else if (isSoftware) {
    store.nest('for (var next = 0u; next < 4u; next++) {', writeOne('next'));
  } else {
    for (const next of ['0u', '1u', '2u', '3u']) store.nest('{', writeOne(next));
  }
  store.add(...together);
  return store;
}
