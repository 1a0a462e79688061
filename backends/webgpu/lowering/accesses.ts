import { Affine } from './affine.js';
import { Block } from './block.js';
import { Expressions } from './expressions.js';
import type { Graph } from './graph.js';
import { DEFAULT_LIMITS } from './kernel.js';
import { KernelSource } from './kernel-source.js';

/** One read of a value in memory. */
export interface Access {
  readonly name: string;
  readonly at: Affine;
}

/** What the element of a value at a place is read from, and where. */
export function accessesOf(
  graph: Graph,
  isRead: (name: string) => boolean,
  name: string,
  place: Affine,
): readonly Access[] {
  const found: Access[] = [];
  const source = new KernelSource({
    limits: DEFAULT_LIMITS,
    type: (value) => graph.type(value),
    count: (value) => graph.count(value),
    home: (value) => value,
  });
  const expressions = new Expressions(graph, isRead, source, (value, at) => {
    const own = graph.definition(value);
    if (value === name || (own !== undefined && !isRead(value))) return undefined;
    found.push({ name: value, at });
    return source.fresh('x');
  });
  expressions.definitionAt(name, place, new Block());
  return found;
}

/** The variables of clusters. */
export const ELEMENT = 'i';
export const ROW = 'row';
export const COLUMN = 'col';

/** The place of an element in a cluster of rows. */
export function rowPlace(rows: number, columns: number): Affine {
  return Affine.variable(ROW, rows).times(columns).plus(Affine.variable(COLUMN, columns));
}

/** The place of an element of a batch of products, in `row` and `col` of `batch`. */
export function elementOfProduct(graph: Graph, product: string): Affine {
  const { shape } = graph.type(product);
  const [m, n] = [shape.at(-2) as number, shape.at(-1) as number];
  return Affine.variable('batch', graph.count(product) / (m * n))
    .times(m * n)
    .plus(Affine.variable('row', m).times(n))
    .plus(Affine.variable('col', n));
}
