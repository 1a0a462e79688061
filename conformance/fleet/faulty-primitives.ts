import { float32, PRIMITIVES, type Primitives } from '../../reference/index.js';
import { roundTo } from '../../spec/contracts/index.js';
import type { Fault } from './faulty.js';
import { float32Backend } from './legal.js';
import { meaningsWithPrimitives } from './meanings.js';

/** Faults of a backend's kernels: the spec's rules with something wrong about them. */
export const PRIMITIVE_FAULTS: readonly Fault[] = [
  fault('scatter that keeps the last of equal indices', 'primitive/scatter_add', {
    scatter_add: (run) => {
      const { arithmetic } = run;
      const last: typeof arithmetic.sum = (out, i, x, base, offsets) =>
        arithmetic.sum(out, i, x, base, offsets.subarray(-1));
      return PRIMITIVES.scatter_add({ ...run, arithmetic: { ...arithmetic, sum: last } });
    },
  }),
  fault('gather of the row before', 'primitive/gather', {
    gather: (run) => {
      const [x, indices] = run.operands;
      if (indices === undefined || x === undefined || !('data' in indices)) {
        return PRIMITIVES.gather(run);
      }
      const moved = { ...indices, data: indices.data.map((index) => Math.max(index - 1, 0)) };
      return PRIMITIVES.gather({ ...run, operands: [x, moved] });
    },
  }),
  fault('padding with 0 whatever is asked for', 'primitive/pad', {
    pad: (run) => PRIMITIVES.pad({ ...run, attributes: { ...run.attributes, value: 0 } }),
  }),
  fault('padding at the wrong end', 'primitive/pad', {
    pad: (run) => {
      const { low, high, value } = run.attributes;
      return PRIMITIVES.pad({ ...run, attributes: { low: high, high: low, value } });
    },
  }),
  fault('operands of concat in reverse', 'primitive/concat', {
    concat: (run) => {
      const [a, b, c] = run.operands;
      return a === undefined || b === undefined || c === undefined
        ? PRIMITIVES.concat(run)
        : PRIMITIVES.concat({ ...run, operands: [b, a, c] });
    },
  }),
  fault('the inverse permutation', 'primitive/transpose', {
    transpose: (run) => {
      const { permutation } = run.attributes;
      const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
      return PRIMITIVES.transpose({ ...run, attributes: { permutation: inverse } });
    },
  }),
  fault('b of a square product not transposed', 'primitive/matmul', {
    matmul: (run) => {
      const shape = run.operands[1]?.shape ?? [];
      const square = shape.at(-1) === shape.at(-2);
      const transpose_b = run.attributes.transpose_b && !square;
      return PRIMITIVES.matmul({ ...run, attributes: { ...run.attributes, transpose_b } });
    },
  }),
  fault('branches of select swapped', 'primitive/select', {
    select: (run) => {
      const [condition, a, b] = run.operands;
      return condition === undefined || a === undefined || b === undefined
        ? PRIMITIVES.select(run)
        : PRIMITIVES.select({ ...run, operands: [condition, b, a] });
    },
  }),
  fault('select as a sum of products', 'step/scaled/skip', {
    select: (run) => {
      const [condition, a, b] = run.operands;
      const chosen = PRIMITIVES.select(run);
      if (condition === undefined || a === undefined || b === undefined || !('column' in chosen))
        return chosen;
      const { arithmetic, type } = run;
      const other = PRIMITIVES.select({ ...run, operands: [condition, b, a] });
      const zero = PRIMITIVES.sub({ arithmetic, operands: [chosen, chosen], attributes: {}, type });
      const product = { arithmetic, operands: [zero, other], attributes: {}, type };
      const operands = [chosen, PRIMITIVES.mul(product)];
      return PRIMITIVES.add({ arithmetic, operands, attributes: {}, type });
    },
  }),
  fault('NaN counted as finite', 'primitive/is_finite/non-finite', {
    is_finite: (run) => {
      const [x] = run.operands;
      if (x === undefined || !('column' in x)) return PRIMITIVES.is_finite(run);
      const { arithmetic } = run;
      return PRIMITIVES.is_finite({
        ...run,
        arithmetic: {
          ...arithmetic,
          isFinite: (column, i) =>
            Math.abs(arithmetic.values(column)[i] as number) !== Number.POSITIVE_INFINITY,
        },
      });
    },
  }),
  fault('slices that begin at 0', 'primitive/slice', {
    slice: (run) => {
      const { starts, ends } = run.attributes;
      return PRIMITIVES.slice({
        ...run,
        attributes: {
          starts: starts.map(() => 0),
          ends: ends.map((end, axis) => end - (starts[axis] ?? 0)),
        },
      });
    },
  }),
  fault('constants kept in tf32', 'primitive/constant', {
    constant: (run) => {
      const data = run.attributes.data.map((value) => roundTo(value, 11, -126));
      return PRIMITIVES.constant({ ...run, attributes: { ...run.attributes, data } });
    },
  }),
  fault('iota along the last axis', 'primitive/iota', {
    iota: (run) => {
      const { shape } = run.attributes;
      return PRIMITIVES.iota({ ...run, attributes: { shape, axis: shape.length - 1 } });
    },
  }),
  fault('or in place of and', 'primitive/and', {
    and: ({ arithmetic, operands, type }) =>
      PRIMITIVES.or({ arithmetic, operands, attributes: {}, type }),
  }),
];

function fault(name: string, foundBy: string, primitives: Partial<Primitives>): Fault {
  const arithmetic = float32({ summation: 'sequential' });
  const meanings = meaningsWithPrimitives(primitives);
  return { name, foundBy, open: () => float32Backend(name, arithmetic, meanings) };
}
