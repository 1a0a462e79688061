import type { Primitive } from '../../../spec/program/index.js';
import type { ProductCluster, ReduceCluster } from './cluster.js';
import { type FusionOptions, fits } from './clusters.js';
import type { Fusion } from './fusion.js';
import type { Graph } from './graph.js';

/**
 * Has matrix products sum the columns of their left operand on the way, where a reduction asks for just
 * those sums: of a layer's gradients that is its bias's, beside its weight's. The product reads the
 * operand anyway, so a kernel or two and a reading of the operand are saved.
 */
export function withColumnSums(graph: Graph, fusion: Fusion, options: FusionOptions): Fusion {
  const clusters = [...fusion.clusters];
  const reads = new Map([...fusion.reads].map(([cluster, names]) => [cluster, new Set(names)]));
  const products = new Map<string, ProductCluster[]>();
  for (const cluster of clusters) {
    const left = cluster.kind === 'product' ? leftOperand(graph, cluster) : undefined;
    if (cluster.kind !== 'product' || left === undefined) continue;
    products.set(left, [...(products.get(left) ?? []), cluster]);
  }
  for (const reduction of fusion.clusters) {
    if (reduction.kind !== 'reduce') continue;
    for (const name of [...reduction.members]) {
      const product = productOf(reduction, name);
      if (product === undefined) continue;
      product.members.push(name);
      product.columnSums = name;
      reduction.members.splice(reduction.members.indexOf(name), 1);
      if (reduction.members.length === 0) {
        clusters.splice(clusters.indexOf(reduction), 1);
        reads.delete(reduction);
      }
    }
  }
  return { ...fusion, clusters, reads };

  /** The product that can have these sums: it runs before anything reads them, and binds one value more. */
  function productOf(reduction: ReduceCluster, name: string): ProductCluster | undefined {
    const summed = columnsSummed(graph, name);
    if (summed === undefined) return undefined;
    const from = clusters.indexOf(reduction);
    return products.get(summed)?.find((cluster) => {
      // The product itself is among them: what follows it element by element may read the sums.
      const between = clusters.slice(from + 1, clusters.indexOf(cluster) + 1);
      const isInTime = !between.some((other) => reads.get(other)?.has(name) === true);
      const bound = new Set([...(reads.get(cluster) ?? []), ...cluster.members]);
      return cluster.columnSums === undefined && isInTime && fits(bound, 1, options);
    });
  }
}

/** The matrix whose columns a reduction sums, where it does: all axes but the last are reduced. */
function columnsSummed(graph: Graph, name: string): string | undefined {
  const { op, operands, attributes } = graph.definition(name) as Primitive<
    'reduce_sum' | 'reduce_max'
  >;
  const [x] = operands as readonly [string];
  const { dtype, shape } = graph.type(x);
  const { axes } = attributes;
  const isColumns = axes.length === shape.length - 1 && !axes.includes(shape.length - 1);
  return op === 'reduce_sum' && dtype === 'f32' && isColumns ? matrix(graph, x) : undefined;
}

/** The left operand of a product of two matrices, where its rows are the terms. */
function leftOperand(graph: Graph, { product }: ProductCluster): string | undefined {
  const { operands, attributes } = graph.definition(product) as Primitive<'matmul'>;
  const isSingle = graph.type(product).shape.length === 2;
  return isSingle && attributes.transpose_a ? matrix(graph, operands[0] as string) : undefined;
}

/** A value as a matrix of so many columns: by the name that it has before it was given other shapes. */
function matrix(graph: Graph, name: string): string {
  const columns = graph.type(name).shape.at(-1) as number;
  let value = name;
  for (;;) {
    const definition = graph.definition(value);
    const [x = ''] = definition?.op === 'reshape' ? definition.operands : [];
    if (x === '' || graph.type(x).shape.at(-1) !== columns) return `${value}, ${columns} columns`;
    value = x;
  }
}
