import type { Primitive } from '../../../../spec/program/index.js';
import { Affine } from '../affine.js';
import type { Block } from '../block.js';
import type { ProductCluster } from '../cluster.js';
import type { Expressions } from '../expressions.js';
import type { ProductFacts } from '../kernel.js';
import type { KernelSource } from '../kernel-source.js';
import type { KernelContext } from './context.js';
import type { Factors } from './factors.js';
import { cutForLanes, inParts } from './product-cut.js';
import { type ProductTiling, tileStride } from './tiling.js';
import { type UnitPlan, unitLanes, unitPlan, unitStride, unitTile } from './unit-plan.js';

/** One side of a product: a [rows, terms] or b [terms, columns], read as a matrix of its lines. */
export interface Side {
  readonly value: string;
  /** Rows of a, or columns of b. */
  readonly extent: number;
  /** Whether the elements of one term lie side by side, not the terms of one line. */
  readonly termsFirst: boolean;
}

/** A batch of products c = a b, and how it is cut up. */
export interface ProductPlan {
  /** What is stored: the product, or what is made of its elements one by one; the first for operands. */
  readonly members: readonly string[];
  readonly product: string;
  readonly a: Side;
  readonly b: Side;
  /** A value that holds the sums of a's lines over all terms, where the kernel makes them too. */
  readonly columnSums: string | undefined;
  readonly terms: number;
  readonly batches: number;
  readonly tiling: ProductTiling;
  readonly factors: Factors;
  /** What multiplies, where it is not the lanes by themselves. */
  readonly units: UnitPlan | undefined;
  /** Whether lanes that read memory by themselves hand what they read to the other three of their quad. */
  readonly quads: boolean;
  /** Invocations of a workgroup. */
  readonly lanes: number;
  /** Terms that go through workgroup memory at a time. */
  readonly depth: number;
  /** Tiles of them that lie there: see `throughTiles`. */
  readonly stages: 1 | 2;
  /** Rows and columns of c that a workgroup computes. */
  readonly tile: readonly [number, number];
  /** Elements from a term of the tile of a, and of b, to the next. */
  readonly strides: readonly [number, number];
  /** Parts into which each sum is cut, and the terms of one. */
  readonly parts: number;
  readonly partTerms: number;
}

/** A kernel of a product while it is written. */
export interface ProductKernel {
  readonly plan: ProductPlan;
  readonly source: KernelSource;
  readonly expressions: Expressions;
  readonly block: Block;
  /** The first term, and the one after the last, in WGSL. */
  readonly range: readonly [string, string];
  /** The statement that stores four elements of a row of the product, the first one's column a multiple of 4. */
  readonly put: (row: string, column: string, four: string) => string;
  /** The same for the sums of four lines of a. */
  readonly putSums: (line: string, four: string) => string;
}

/** How a kernel fetches what it multiplies. */
export type TileLoads = Pick<ProductFacts, 'isScalar' | 'bankConflicts'>;

export function planProduct(cluster: ProductCluster, context: KernelContext): ProductPlan {
  const { product } = cluster;
  const definition = context.graph.definition(product) as Primitive<'matmul'>;
  const [a, b] = definition.operands as readonly [string, string];
  const { transpose_a, transpose_b } = definition.attributes;
  const shape = context.graph.type(product).shape;
  const [m, n] = [shape.at(-2) as number, shape.at(-1) as number];
  const terms = context.graph.type(a).shape.at(transpose_a ? -2 : -1) as number;
  const batches = context.count(product) / (m * n);
  const units = unitPlan(m, n, terms, context);
  const sizes = { m, n, terms, batches };
  const cut =
    units === undefined
      ? cutForLanes(sizes, context)
      : inParts(sizes, context.tiling.product, unitTile(units), { depth: units.depth, stages: 1 });
  const { tiling, tile, depth, stages, parts } = cut;
  const strideOf = (extent: number): number =>
    units === undefined ? tileStride(extent) : unitStride(extent, units.unit);
  return {
    members: cluster.members.filter((member) => member !== cluster.columnSums),
    product,
    a: { value: a, extent: m, termsFirst: transpose_a },
    b: { value: b, extent: n, termsFirst: !transpose_b },
    columnSums: cluster.columnSums,
    terms,
    batches,
    tiling,
    factors: context.factors,
    units,
    quads: context.subgroups && tiling.memory === 'direct',
    lanes: units === undefined ? tiling.lanes[0] * tiling.lanes[1] : unitLanes(units),
    depth,
    stages,
    tile,
    strides: [strideOf(tile[0]), strideOf(tile[1])],
    parts,
    partTerms: Math.ceil(terms / parts / depth) * depth,
  };
}

/** The place of a side's element in its value. */
export function sidePlace(
  { extent, termsFirst }: Side,
  { terms, batches }: ProductPlan,
  line: Affine,
  term: Affine,
): Affine {
  const matrix = termsFirst ? term.times(extent).plus(line) : line.times(terms).plus(term);
  return Affine.variable('batch', batches)
    .times(terms * extent)
    .plus(matrix);
}

/**
 * Where the `four`-th four of a lane's columns begins, counted from its first: in workgroup memory lanes
 * side by side read fours side by side.
 */
export function columnOf({ lanes }: ProductTiling, four: number): number {
  return 4 * four * lanes[1];
}

/** The names of the sums of a lane's lines of a, by fours; none where nothing asks for them. */
export function lineTotals({ columnSums, tiling }: ProductPlan): readonly string[] {
  const fours = columnSums === undefined ? 0 : tiling.registers[0] / 4;
  return Array.from({ length: fours }, (_, four) => `s_${four}`);
}

/** Statements that add a term of a to them: the first column of tiles meets every term of a once. */
export function addToTotals(plan: ProductPlan): readonly string[] {
  const totals = lineTotals(plan).map((total, four) => `${total} += a_${four};`);
  return totals.length === 0 ? [] : [`if (tile_x == 0u) { ${totals.join(' ')} }`];
}

/** The name of four accumulators of a lane. */
export function accumulator(row: number, four: number): string {
  return `c_${row}_${four}`;
}
