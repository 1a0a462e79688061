import type { Primitive } from '../../../../spec/program/index.js';
import { Affine } from '../affine.js';
import type { Block } from '../block.js';
import type { ProductCluster } from '../cluster.js';
import type { Expressions } from '../expressions.js';
import type { KernelSource } from '../kernel-source.js';
import type { KernelContext } from './context.js';
import type { Factors } from './factors.js';
import type { ProductTiling } from './tiling.js';
import { type UnitPlan, unitLanes, unitPlan, unitTile } from './unit-plan.js';

/** Terms that a part of a sum has at least. */
const PART_TERMS = 512;
const MAX_PARTS = 64;

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
  /** What is stored: the product, or what is made of its elements one by one. */
  readonly member: string;
  readonly product: string;
  readonly a: Side;
  readonly b: Side;
  readonly terms: number;
  readonly batches: number;
  readonly tiling: ProductTiling;
  readonly factors: Factors;
  /** What multiplies, where it is not the lanes by themselves. */
  readonly units: UnitPlan | undefined;
  /** Invocations of a workgroup. */
  readonly lanes: number;
  /** Terms that go through workgroup memory at a time. */
  readonly depth: number;
  /** Rows and columns of c that a workgroup computes. */
  readonly tile: readonly [number, number];
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
  /** The statement that stores an element of the product, in WGSL as its row and column. */
  readonly put: (row: string, column: string, element: string) => string;
}

export function planProduct(cluster: ProductCluster, context: KernelContext): ProductPlan {
  const { product } = cluster;
  const [member] = cluster.members;
  const definition = context.graph.definition(product) as Primitive<'matmul'>;
  const [a, b] = definition.operands as readonly [string, string];
  const { transpose_a, transpose_b } = definition.attributes;
  const shape = context.graph.type(product).shape;
  const [m, n] = [shape.at(-2) as number, shape.at(-1) as number];
  const terms = context.graph.type(a).shape.at(transpose_a ? -2 : -1) as number;
  const batches = context.count(product) / (m * n);
  const tiling = fitted(context.tiling.product, m, n);
  const { lanes, registers } = tiling;
  const units = unitPlan(m, n, terms, context);
  const tile =
    units === undefined
      ? ([lanes[0] * registers[0], lanes[1] * registers[1]] as const)
      : unitTile(units);
  const depth = units?.depth ?? tiling.depth;
  const groups = Math.ceil(m / tile[0]) * Math.ceil(n / tile[1]) * batches;
  const wanted = Math.min(
    Math.floor(tiling.busyGroups / groups),
    Math.floor(terms / PART_TERMS),
    MAX_PARTS,
  );
  const parts = Math.max(1, wanted);
  return {
    member,
    product,
    a: { value: a, extent: m, termsFirst: transpose_a },
    b: { value: b, extent: n, termsFirst: !transpose_b },
    terms,
    batches,
    tiling,
    factors: context.factors,
    units,
    lanes: units === undefined ? lanes[0] * lanes[1] : unitLanes(units),
    depth,
    tile,
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

/** The name of four accumulators of a lane. */
export function accumulator(row: number, four: number): string {
  return `c_${row}_${four}`;
}

/** Smaller tiles for matrices that would leave most of one empty. */
function fitted(tiling: ProductTiling, m: number, n: number): ProductTiling {
  const { lanes, registers } = tiling;
  const down = shrunk(lanes[0], registers[0], m);
  const across = shrunk(lanes[1], registers[1], n);
  return { ...tiling, lanes: [down[0], across[0]], registers: [down[1], across[1]] };
}

function shrunk(lanes: number, registers: number, extent: number): readonly [number, number] {
  let own = registers;
  while (own > 4 && extent <= (lanes * own) / 2) own /= 2;
  let count = lanes;
  while (count > 4 && (count / 2) * own >= extent) count /= 2;
  return [count, own];
}
