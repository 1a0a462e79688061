import {
  broadcast,
  cast,
  compare,
  constant,
  div,
  elementCount,
  exp,
  gather,
  isFloat,
  matmul,
  mul,
  neg,
  type Primitive,
  type PrimitiveName,
  reshape,
  scatterAdd,
  select,
  slice,
  square,
  sub,
  sum,
  transpose,
  type Value,
} from '../../spec/program/index.js';

/** What a rule is given: values of the program that is being extended. */
export interface RuleContext<K extends PrimitiveName> {
  readonly operation: Primitive<K>;
  readonly operands: readonly Value[];
  readonly result: Value;
  /** The cotangent of the result. */
  readonly cotangent: Value;
}

/** The cotangent of each operand; absent where none flows (integers, bools, indices). */
type Rule<K extends PrimitiveName> = (context: RuleContext<K>) => readonly (Value | undefined)[];

/** Reverse-mode rules of the primitives: for r = f(a, b), what dr contributes to da and db. */
export const RULES: { readonly [K in PrimitiveName]: Rule<K> } = {
  add: ({ cotangent: dr }) => [dr, dr],
  sub: ({ cotangent: dr }) => [dr, neg(dr)],
  mul: ({ operands: [a, b], cotangent: dr }) => [mul(dr, b as Value), mul(dr, a as Value)],
  div: ({ operands: [, b], result, cotangent: dr }) => {
    const da = div(dr, b as Value);
    return [da, neg(mul(da, result))];
  },
  // Where both operands are equal each gets half (JAX's convention).
  min: ({ operands: [a, b], cotangent: dr }) => extremum(a as Value, b as Value, 'lt', dr),
  max: ({ operands: [a, b], cotangent: dr }) => extremum(a as Value, b as Value, 'gt', dr),
  neg: ({ cotangent: dr }) => [neg(dr)],
  exp: ({ result, cotangent: dr }) => [mul(dr, result)],
  log: ({ operands: [x], cotangent: dr }) => [div(dr, x as Value)],
  sqrt: ({ result, cotangent: dr }) => [div(mul(dr, 0.5), result)],
  // r = x^(-1/2): dr/dx = -r^3 / 2
  rsqrt: ({ result, cotangent: dr }) => [mul(mul(dr, -0.5), mul(result, square(result)))],
  erf: ({ operands: [x], cotangent: dr }) => {
    const density = exp(neg(square(x as Value)));
    return [mul(dr, mul(density, 2 / Math.sqrt(Math.PI)))];
  },
  tanh: ({ result, cotangent: dr }) => [mul(dr, sub(1, square(result)))],
  compare: () => [],
  and: () => [],
  or: () => [],
  not: () => [],
  is_finite: () => [],
  select: ({ operands: [condition], cotangent: dr }) => {
    const chosen = condition as Value;
    return [undefined, select(chosen, dr, 0), select(chosen, 0, dr)];
  },
  cast: ({ operands: [x], cotangent: dr }) => {
    const source = x as Value;
    return [isFloat(source.dtype) ? cast(dr, source.dtype) : undefined];
  },
  reduce_sum: ({ operation, operands: [x], cotangent: dr }) => [
    stretched(dr, x as Value, operation.attributes.axes),
  ],
  // Equal maxima share the cotangent.
  reduce_max: ({ operation, operands: [x], result, cotangent: dr }) => {
    const { axes } = operation.attributes;
    const source = x as Value;
    const hits = cast(compare(source, 'eq', stretched(result, source, axes)), source.dtype);
    const share = div(stretched(dr, source, axes), stretched(sum(hits, axes), source, axes));
    return [mul(hits, share)];
  },
  matmul: ({ operation, operands, cotangent: dr }) => {
    const [a, b] = operands as [Value, Value];
    const { transpose_a: ta, transpose_b: tb } = operation.attributes;
    return [
      ta ? matmul(b, dr, { transposeA: tb, transposeB: true }) : matmul(dr, b, { transposeB: !tb }),
      tb ? matmul(dr, a, { transposeA: true, transposeB: ta }) : matmul(a, dr, { transposeA: !ta }),
    ];
  },
  reshape: ({ operands: [x], cotangent: dr }) => [reshape(dr, (x as Value).shape)],
  transpose: ({ operation, cotangent: dr }) => {
    const { permutation } = operation.attributes;
    return [
      transpose(
        dr,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
  broadcast: ({ operands: [x], cotangent: dr }) => [summedTo(dr, x as Value)],
  slice: ({ operation, operands: [x], cotangent: dr }) => {
    const { starts, ends } = operation.attributes;
    const source = x as Value;
    const high = source.shape.map((extent, axis) => extent - (ends[axis] as number));
    return [dr.builder.primitive('pad', [dr], { low: starts, high, value: 0 })];
  },
  pad: ({ operation, operands: [x], cotangent: dr }) => {
    const { low } = operation.attributes;
    const ends = (x as Value).shape.map((extent, axis) => extent + (low[axis] as number));
    return [dr.builder.primitive('slice', [dr], { starts: low, ends })];
  },
  concat: ({ operation, operands, cotangent: dr }) => {
    const { axis } = operation.attributes;
    let start = 0;
    return operands.map((operand) => {
      const end = start + (operand.shape[axis] as number);
      const part = slice(dr, axis, start, end);
      start = end;
      return part;
    });
  },
  gather: ({ operation, operands, cotangent: dr }) => {
    const [source, indices] = operands as [Value, Value];
    const { batch } = operation.attributes;
    return [scatterAdd(indices, dr, batch, source.shape[batch] as number), undefined];
  },
  scatter_add: ({ operation, operands: [indices], cotangent: dr }) => [
    undefined,
    gather(dr, indices as Value, operation.attributes.batch),
  ],
  iota: () => [],
  constant: () => [],
};

function extremum(a: Value, b: Value, wins: 'lt' | 'gt', dr: Value): [Value, Value] {
  const half = mul(dr, 0.5);
  const tied = compare(a, 'eq', b);
  const first = select(compare(a, wins, b), dr, select(tied, half, 0));
  return [first, sub(dr, first)];
}

/** dr, a result reduced over `axes`, repeated to the shape of x. */
function stretched(dr: Value, x: Value, axes: readonly number[]): Value {
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return broadcast(reshape(dr, kept), x.shape);
}

/** dr summed over the axes along which x was stretched. */
function summedTo(dr: Value, x: Value): Value {
  const offset = dr.shape.length - x.shape.length;
  const axes = dr.shape.flatMap((extent, axis) =>
    axis < offset || (x.shape[axis - offset] === 1 && extent !== 1) ? [axis] : [],
  );
  const summed = sum(dr, axes);
  return elementCount(summed.shape) === elementCount(x.shape) ? reshape(summed, x.shape) : summed;
}

/** 1, as the cotangent of a scalar loss. */
export function seed(loss: Value): Value {
  return constant(loss.builder, 1, { dtype: loss.dtype });
}
