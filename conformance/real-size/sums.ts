import { add, broadcast, matmul, maximum, mul, sum, type Value } from '../../spec/program/index.js';
import type { Case } from '../case.js';
import { both, type Content, HIDDEN, TOKENS, WIDTH } from './content.js';
import { type SizedFamily, sizedFamily } from './sized-family.js';
import { stretchedCase } from './stretched-case.js';

/** Products: rows and columns repeat, the inner axis is whole. */
const product = sizedFamily(
  'real/matmul',
  {
    // No extent is a multiple of a block, a tile or a vector.
    gate: [
      ...both({ batch: 1, rows: TOKENS + 3, inner: WIDTH + 5, columns: 33, a: false, b: true }),
      ...both({ batch: 1, rows: 35, inner: HIDDEN + 7, columns: WIDTH + 3, a: true, b: false }),
      ...both({ batch: 1, rows: TOKENS + 5, inner: 1541, columns: 37, a: false, b: false }),
      ...both({ batch: 1, rows: WIDTH + 1, inner: 2051, columns: 41, a: true, b: true }),
      ...both({ batch: 37, rows: 197, inner: 67, columns: 65, a: false, b: false }),
      ...both({ batch: 11, rows: 131, inner: 1031, columns: 19, a: false, b: true }),
    ],
    real: [
      ...both({ batch: 1, rows: TOKENS, inner: WIDTH, columns: HIDDEN, a: false, b: true }),
      ...both({ batch: 1, rows: TOKENS, inner: HIDDEN, columns: WIDTH, a: false, b: true }),
      // The gradient of a weight: a sum over all tokens of eight clips.
      ...both({ batch: 1, rows: WIDTH, inner: 8 * TOKENS, columns: HIDDEN, a: true, b: false }),
      ...both({ batch: 3, rows: TOKENS, inner: 64, columns: TOKENS, a: false, b: true }),
    ],
  },
  stretchedProduct,
  { clauses: ['op.matmul'] },
);

/** More than 65,535 products, each of which may be a workgroup, or a tile of which most is empty. */
const manyProducts = sizedFamily(
  'real/matmul/many',
  { gate: both({ batch: 65_541, rows: 2, inner: 3, columns: 5, a: true, b: true }) },
  stretchedProduct,
  { clauses: ['op.matmul'] },
);

type Product = Readonly<{
  batch: number;
  rows: number;
  inner: number;
  columns: number;
  /** Whether the left, and the right operand is given transposed. */
  a: boolean;
  b: boolean;
}>;

function stretchedProduct({
  batch,
  rows,
  inner,
  columns,
  a,
  b,
  ...content
}: Content & Product): Case {
  const outer = batch === 1 ? [] : ['batch'];
  return stretchedCase(
    'matmul',
    {
      axes: {
        batch: { extent: batch, kinds: 3 },
        rows: { extent: rows, kinds: 7 },
        inner: { extent: inner, whole: true },
        columns: { extent: columns, kinds: 5 },
      },
      inputs: {
        left: { axes: [...outer, ...(a ? ['inner', 'rows'] : ['rows', 'inner'])] },
        right: { axes: [...outer, ...(b ? ['columns', 'inner'] : ['inner', 'columns'])] },
      },
      ...content,
    },
    ({ left, right }) => ({
      result: {
        value: matmul(left, right, { transposeA: a, transposeB: b }),
        axes: [...outer, 'rows', 'columns'],
      },
    }),
  );
}

const PLAIN = { isScaled: false, isAdded: false };

/**
 * The gradients of a layer: of its weight a product over all rows, of its bias the sums of their columns, which backends make
 * on the way; and sums of other rows as many and as wide. What is multiplied may itself be made of those sums.
 */
const layerGradients = sizedFamily<LayerGradients & Pick<Content, 'data'>>(
  'real/layer_gradients',
  {
    // More than a tile of any backend each way, and terms that are cut in parts.
    gate: [
      // First, and of its own size: sums that were left in memory by another case must not be the right ones.
      { rows: TOKENS + 5, inputs: 97, outputs: 131, ...PLAIN, isScaled: true, data: 'normal' },
      ...both({ rows: TOKENS + 3, inputs: 97, outputs: 133, ...PLAIN }),
      // Four times as wide as what it reads, as a block's hidden layer; and the next part of a batch, added to those before.
      { rows: TOKENS + 3, inputs: 385, outputs: 1543, ...PLAIN, data: 'normal' },
      { rows: TOKENS + 3, inputs: 133, outputs: 97, ...PLAIN, isAdded: true, data: 'normal' },
    ],
  },
  ({ rows, inputs, outputs, isScaled, isAdded, ...content }: Content & LayerGradients) =>
    stretchedCase(
      'layer_gradients',
      {
        axes: {
          rows: { extent: rows, whole: true },
          inputs: { extent: inputs, kinds: 5 },
          outputs: { extent: outputs, kinds: 7 },
        },
        inputs: {
          x: { axes: ['rows', 'inputs'] },
          // Of one sign, as in sums alone.
          dy: { axes: ['rows', 'outputs'], domain: Math.abs },
          other: { axes: ['rows', 'outputs'], domain: Math.abs },
          before: { axes: ['outputs', 'inputs'] },
        },
        ...content,
      },
      ({ x, dy, other, before }, extents) => {
        const otherBias = sum(other, [0]);
        const bias = sum(dy, [0]);
        const scale = broadcast(maximum(bias, [0]), [extents('rows'), extents('inputs')]);
        const weight = matmul(dy, isScaled ? mul(x, scale) : x, { transposeA: true });
        return {
          weight: { value: isAdded ? add(before, weight) : weight, axes: ['outputs', 'inputs'] },
          bias: { value: bias, axes: ['outputs'] },
          otherBias: { value: otherBias, axes: ['outputs'] },
        };
      },
    ),
  { clauses: ['op.programs'] },
);

type LayerGradients = Readonly<{
  rows: number;
  inputs: number;
  outputs: number;
  /** Whether the rows are multiplied with the greatest gradient of the bias. */
  isScaled: boolean;
  /** Whether the weight's gradient is added to that of other rows. */
  isAdded: boolean;
}>;

type Rows = Readonly<{
  before: number;
  count: number;
  after: number;
}>;

/** Reductions of a first, a middle, and a last axis. */
const SUMS: readonly (Rows & Pick<Content, 'data'>)[] = [
  ...both({ before: 1, count: 1_000_003, after: 1 }),
  ...both({ before: 3, count: 65_536, after: 1 }),
  ...both({ before: 3, count: 70_001, after: 1 }),
  ...both({ before: 1, count: 65_537, after: 5 }),
  ...both({ before: 4, count: 1571, after: 131 }),
  // Whole fours of terms, which no number of parts of 64 terms or more makes fours of each.
  { before: 4, count: 1572, after: 131, data: 'integers' },
  ...both({ before: 65_539, count: 17, after: 1 }),
];
const LONG_SUMS: readonly (Rows & Pick<Content, 'data'>)[] = [
  ...both({ before: 1, count: 3 * 224 * 224 * 16 * 2, after: 1 }),
  ...both({ before: 1, count: 8 * TOKENS, after: HIDDEN }),
  ...both({ before: 2, count: 1_000_003, after: 3 }),
];

/** A reduction of the middle one of three axes; an axis of one place is left out. */
function reduction(
  name: string,
  { before, count, after, ...content }: Content & Rows,
  { kinds, domain }: { readonly kinds: number; readonly domain?: (x: number) => number },
  reduce: (x: Value, axes: readonly number[]) => Value,
): Case {
  const kept = (axis: string, extent: number): string[] => (extent === 1 ? [] : [axis]);
  const [outer, inner] = [kept('before', before), kept('after', after)];
  return stretchedCase(
    name,
    {
      axes: {
        before: { extent: before, kinds: 37 },
        count: { extent: count, kinds, whole: true },
        after: { extent: after, kinds: 3 },
      },
      inputs: {
        x: { axes: [...outer, 'count', ...inner], ...(domain === undefined ? {} : { domain }) },
      },
      ...content,
    },
    ({ x }) => ({ result: { value: reduce(x, [outer.length]), axes: [...outer, ...inner] } }),
  );
}

/** Sums of numbers of one sign, so that the worst case of an order is a share of the result. */
const reduceSum = sizedFamily(
  'real/reduce_sum',
  { gate: SUMS, real: LONG_SUMS },
  (drawn: Content & Rows) =>
    reduction('reduce_sum', drawn, { kinds: 4099, domain: Math.abs }, (x, axes) => sum(x, axes)),
  { clauses: ['op.reduce_sum'] },
);

const isNormal = ({ data }: Pick<Content, 'data'>): boolean => data === 'normal';

const reduceMax = sizedFamily(
  'real/reduce_max',
  { gate: SUMS.filter(isNormal), real: LONG_SUMS.filter(isNormal) },
  (drawn: Content & Rows) =>
    reduction('reduce_max', drawn, { kinds: 65_521 }, (x, axes) => maximum(x, axes)),
  { clauses: ['op.reduce_max'] },
);

/** NaN in some rows: it is their greatest element. */
const reduceMaxOfNaN = sizedFamily<Rows & Pick<Content, 'data'>>(
  'real/reduce_max/non-finite',
  {
    gate: [
      { before: 65_539, count: 17, after: 1, data: 'normal' },
      { before: 5, count: 70_001, after: 1, data: 'normal' },
      { before: 1, count: 70_001, after: 3, data: 'normal' },
    ],
  },
  (drawn: Content & Rows) => {
    const limit = drawn.count < 100 ? 2.2 : 4.2;
    const domain = (x: number): number => (Math.abs(x) > limit ? Number.NaN : x);
    return reduction('reduce_max', drawn, { kinds: 65_521, domain }, (x, axes) => maximum(x, axes));
  },
  { clauses: ['op.non-finite'], needs: 'non-finite' },
);

export const SIZED_SUMS: readonly SizedFamily[] = [
  reduceSum,
  reduceMax,
  reduceMaxOfNaN,
  product,
  manyProducts,
  layerGradients,
];
