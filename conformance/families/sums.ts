import fc from 'fast-check';
import { matmul as matmulOf, mul, type Shape } from '../../spec/program/index.js';
import { buildCase } from '../build-case.js';
import { type Family, family } from '../case.js';
import { draw, extent, positiveExtent, regime, shape } from '../generators/draws.js';

const axes = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
const content = { regime, draw };

function reduce(op: 'reduce_sum' | 'reduce_max', dtype: 'f32' | 'i32'): Family {
  const extents = op === 'reduce_max' ? positiveExtent : extent;
  const parameters = fc.record({
    shape: shape(1, 4, extents),
    axes,
    keep: fc.boolean(),
    ...content,
  });
  const id = dtype === 'f32' ? `primitive/${op}` : `primitive/${op}/${dtype}`;
  return family(id, parameters, ({ shape: own, axes: chosen, keep, ...data }) =>
    buildCase(op, { x: { dtype, shape: own } }, data, ({ x }) => {
      const attributes = { axes: chosenAxes(own, chosen), keep };
      return { result: x.builder.primitive(op, [x], attributes) };
    }),
  );
}

/** Sums of as many terms as a large frame has pixels of one colour in a batch. */
const longSum = family(
  'primitive/reduce_sum/long',
  fc.record({ count: fc.constantFrom(1024, 4097, 12288, 50176), ...content }),
  ({ count, ...data }) =>
    buildCase('reduce_sum', { x: { shape: [2, count] } }, data, ({ x }) => ({
      result: x.builder.primitive('reduce_sum', [x], { axes: [1], keep: false }),
    })),
  {
    exemption: {
      judged: 0.8,
      reason: 'the worst case of so long a sum of centred terms is as wide as the sum',
    },
  },
);

const matmul = family(
  'primitive/matmul',
  fc.record({
    batch: shape(0, 2, fc.constantFrom(1, 2, 3)),
    rows: extent,
    inner: extent,
    columns: extent,
    square: fc.boolean(),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    ...content,
  }),
  ({ batch, rows, inner, columns, square, transposeA, transposeB, ...data }) => {
    // Square matrices hide a transposition that is forgotten.
    const [height, width] = square ? [inner, inner] : [rows, columns];
    const a = { shape: [...batch, ...(transposeA ? [inner, height] : [height, inner])] };
    const b = { shape: [...batch, ...(transposeB ? [width, inner] : [inner, width])] };
    return buildCase('matmul', { a, b }, data, ({ a: left, b: right }) => ({
      result: left.builder.primitive('matmul', [left, right], {
        transpose_a: transposeA,
        transpose_b: transposeB,
      }),
    }));
  },
);

/** Inner products as long as those of a small transformer; of more than one of a device's units, too. */
const longMatmul = family(
  'primitive/matmul/long',
  fc.record({
    rows: fc.constantFrom(5, 20),
    inner: fc.constantFrom(384, 768, 1537),
    columns: fc.constantFrom(9, 24),
    ...content,
  }),
  ({ rows, inner, columns, ...data }) =>
    buildCase(
      'matmul',
      { a: { shape: [rows, inner] }, b: { shape: [inner, columns] } },
      data,
      ({ a, b }) => ({
        result: a.builder.primitive('matmul', [a, b], { transpose_a: false, transpose_b: false }),
      }),
    ),
);

/** A product times a number, which engines take into the product: in f64 they must keep all of its digits. */
const scaledMatmul = family(
  'primitive/matmul/scaled',
  fc.record({
    batch: fc.constantFrom([], [], [2]),
    rows: positiveExtent,
    inner: positiveExtent,
    columns: positiveExtent,
    transposeB: fc.boolean(),
    factor: fc.constantFrom(0.3, 1 / Math.sqrt(12)),
    ...content,
  }),
  ({ batch, rows, inner, columns, transposeB, factor, ...data }) =>
    buildCase(
      'matmul',
      {
        a: { shape: [...batch, rows, inner] },
        b: { shape: [...batch, ...(transposeB ? [columns, inner] : [inner, columns])] },
      },
      data,
      ({ a, b }) => ({ result: mul(matmulOf(a, b, { transposeB }), factor) }),
    ),
);

export const SUM_FAMILIES: readonly Family[] = [
  reduce('reduce_sum', 'f32'),
  reduce('reduce_sum', 'i32'),
  longSum,
  reduce('reduce_max', 'f32'),
  reduce('reduce_max', 'i32'),
  matmul,
  longMatmul,
  scaledMatmul,
];

function chosenAxes(own: Shape, chosen: readonly boolean[]): number[] {
  return own.map((_, axis) => axis).filter((axis) => chosen[axis]);
}
