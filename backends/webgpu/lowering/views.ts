import {
  type ElementwiseName,
  elementCount,
  type Primitive,
  type PrimitiveName,
  type Shape,
} from '../../../spec/program/index.js';
import { Affine, axisIndices, linearIndex } from './affine.js';
import type { Block } from './block.js';

/** What says how an element of an operand is read. */
export interface ElementReader {
  shape(name: string): Shape;
  /** An element of a value's type. */
  literal(name: string, value: number): string;
  operand(name: string, index: readonly Affine[], block: Block): string;
  /** An element that is read only where a condition holds, else another. */
  guarded(
    condition: string,
    name: string,
    index: readonly Affine[],
    other: string,
    block: Block,
  ): string;
}

interface View<K extends PrimitiveName> {
  readonly operation: Primitive<K>;
  readonly index: readonly Affine[];
  readonly block: Block;
  readonly expressions: ElementReader;
}

/** The element of an operation's result that only moves elements, or makes them of their index. */
export function viewElement(
  operation: Primitive,
  index: readonly Affine[],
  block: Block,
  expressions: ElementReader,
): string {
  if (!isView(operation)) throw new Error(`${operation.op} has a kernel of its own`);
  const rule = VIEWS[operation.op] as (view: View<ViewName>) => string;
  return rule({ operation, index, block, expressions });
}

/** Primitives that have kernels of their own. */
type KernelName = 'reduce_sum' | 'reduce_max' | 'matmul' | 'scatter_add';

/** What neither is elementwise nor has a kernel of its own: a primitive that is none of these does not compile. */
export type ViewName = Exclude<PrimitiveName, ElementwiseName | KernelName>;

function isView(operation: Primitive): operation is Primitive<ViewName> {
  return Object.hasOwn(VIEWS, operation.op);
}

/** Where an element of the result lies in the operand. */
const VIEWS: { readonly [K in ViewName]: (view: View<K>) => string } = {
  reshape: ({ operation, index, block, expressions }) => {
    const [x] = operation.operands as readonly [string];
    const place = linearIndex(index, operation.results[0].shape);
    return expressions.operand(x, axisIndices(place, expressions.shape(x)), block);
  },
  transpose: ({ operation, index, block, expressions }) => {
    const [x] = operation.operands as readonly [string];
    const own: Affine[] = [];
    operation.attributes.permutation.forEach((axis, i) => {
      own[axis] = index[i] as Affine;
    });
    return expressions.operand(x, own, block);
  },
  broadcast: ({ operation, index, block, expressions }) => {
    const [x] = operation.operands as readonly [string];
    const shape = expressions.shape(x);
    const skipped = index.length - shape.length;
    const own = shape.map((extent, axis) =>
      extent === 1 ? Affine.constant(0) : (index[axis + skipped] as Affine),
    );
    return expressions.operand(x, own, block);
  },
  slice: ({ operation, index, block, expressions }) => {
    const [x] = operation.operands as readonly [string];
    const own = index.map((i, axis) =>
      i.plus(Affine.constant(operation.attributes.starts[axis] as number)),
    );
    return expressions.operand(x, own, block);
  },
  pad: ({ operation, index, block, expressions }) => {
    const [x] = operation.operands as readonly [string];
    const { low, high, value } = operation.attributes;
    const shape = expressions.shape(x);
    const conditions: string[] = [];
    const own = index.map((i, axis) => {
      const [below, above] = [low[axis] as number, high[axis] as number];
      const extent = shape[axis] as number;
      if (below === 0 && above === 0) return i;
      // Below the start it wraps around to a number that is no index either.
      const code = below === 0 ? i.code : `(${i.code} - ${below}u)`;
      conditions.push(`${code} < ${extent}u`);
      return Affine.opaque(`(${code})`, Math.max(extent, 1), i);
    });
    if (conditions.length === 0) return expressions.operand(x, own, block);
    const padding = expressions.literal(x, value);
    if (elementCount(shape) === 0) return padding;
    return expressions.guarded(conditions.join(' && '), x, own, padding, block);
  },
  concat: ({ operation, index, block, expressions }) => {
    const { axis } = operation.attributes;
    const i = index[axis] as Affine;
    const parts = operation.operands.filter((x) => elementCount(expressions.shape(x)) > 0);
    let start = 0;
    let code = expressions.literal(operation.operands[0] as string, 0);
    parts.forEach((x, part) => {
      const extent = expressions.shape(x)[axis] as number;
      const own = [...index];
      own[axis] =
        parts.length === 1
          ? i
          : Affine.opaque(start === 0 ? `(${i.code})` : `(${i.code} - ${start}u)`, extent, i);
      if (parts.length === 1) code = expressions.operand(x, own, block);
      else {
        const inside =
          part === 0
            ? `${i.code} < ${extent}u`
            : `${i.code} >= ${start}u && ${i.code} < ${start + extent}u`;
        code = expressions.guarded(inside, x, own, code, block);
      }
      start += extent;
    });
    return code;
  },
  gather: ({ operation, index, block, expressions }) => {
    const [x, indices] = operation.operands as readonly [string, string];
    const { batch } = operation.attributes;
    const rank = expressions.shape(indices).length;
    const which = index.slice(0, rank);
    const row = expressions.operand(indices, which, block);
    const extent = expressions.shape(x)[batch] as number;
    const found = Affine.opaque(
      `u32(${row})`,
      Math.max(extent, 2),
      linearIndex(which, expressions.shape(indices)),
    );
    return expressions.operand(x, [...index.slice(0, batch), found, ...index.slice(rank)], block);
  },
  iota: ({ operation, index }) => `i32(${(index[operation.attributes.axis] as Affine).code})`,
  constant: ({ operation, expressions }) =>
    expressions.literal(operation.results[0].name, operation.attributes.data[0] ?? 0),
};
