import { matmul, maximum, sum } from '../../spec/program/index.js';
import { both, type Content, HIDDEN, TOKENS, WIDTH } from './content.js';
import { type SizedFamily, sizedFamily } from './sized-family.js';
import { stretchedCase } from './stretched-case.js';

/** Products: rows and columns repeat, the inner axis is whole. */
const product = sizedFamily(
  'real/matmul',
  {
    gate: [
      ...both({ batch: 1, rows: TOKENS + 3, inner: WIDTH, columns: 33, a: false, b: true }),
      ...both({ batch: 1, rows: 35, inner: HIDDEN, columns: WIDTH + 3, a: true, b: false }),
      ...both({ batch: 37, rows: 197, inner: 64, columns: 65, a: false, b: false }),
      // More than 65,535 products, each of which may be a workgroup.
      ...both({ batch: 65_541, rows: 2, inner: 3, columns: 5, a: true, b: true }),
    ],
    real: [
      ...both({ batch: 1, rows: TOKENS, inner: WIDTH, columns: HIDDEN, a: false, b: true }),
      ...both({ batch: 1, rows: TOKENS, inner: HIDDEN, columns: WIDTH, a: false, b: true }),
      // The gradient of a weight: a sum over all tokens of eight clips.
      ...both({ batch: 1, rows: WIDTH, inner: 8 * TOKENS, columns: HIDDEN, a: true, b: false }),
      ...both({ batch: 3, rows: TOKENS, inner: 64, columns: TOKENS, a: false, b: true }),
    ],
  },
  ({ batch, rows, inner, columns, a, b, ...content }: Content & Product) =>
    stretchedCase(
      'matmul',
      {
        axes: {
          batch: { extent: batch, kinds: 3 },
          rows: { extent: rows, kinds: 7 },
          inner: { extent: inner, whole: true },
          columns: { extent: columns, kinds: 5 },
        },
        inputs: {
          left: { axes: a ? ['batch', 'inner', 'rows'] : ['batch', 'rows', 'inner'] },
          right: { axes: b ? ['batch', 'columns', 'inner'] : ['batch', 'inner', 'columns'] },
        },
        ...content,
      },
      ({ left, right }) => ({
        result: {
          value: matmul(left, right, { transposeA: a, transposeB: b }),
          axes: ['batch', 'rows', 'columns'],
        },
      }),
    ),
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

type Rows = Readonly<{
  before: number;
  count: number;
  after: number;
}>;

/** Reductions of a first, a middle, and a last axis. */
const SUMS: readonly (Rows & Pick<Content, 'data'>)[] = [
  ...both({ before: 1, count: 1_000_003, after: 1 }),
  ...both({ before: 3, count: 65_536, after: 1 }),
  ...both({ before: 1, count: 65_537, after: 5 }),
  ...both({ before: 4, count: 1571, after: 131 }),
  ...both({ before: 65_539, count: 17, after: 1 }),
];
const LONG_SUMS: readonly (Rows & Pick<Content, 'data'>)[] = [
  ...both({ before: 1, count: 3 * 224 * 224 * 16 * 2, after: 1 }),
  ...both({ before: 1, count: 8 * TOKENS, after: HIDDEN }),
  ...both({ before: 2, count: 1_000_003, after: 3 }),
];

/** Sums of numbers of one sign, so that the worst case of an order is a share of the result. */
const reduceSum = sizedFamily(
  'real/reduce_sum',
  { gate: SUMS, real: LONG_SUMS },
  ({ before, count, after, ...content }: Content & Rows) =>
    stretchedCase(
      'reduce_sum',
      {
        axes: {
          before: { extent: before, kinds: 3 },
          count: { extent: count, kinds: 4099, whole: true },
          after: { extent: after, kinds: 3 },
        },
        inputs: { x: { axes: ['before', 'count', 'after'], domain: Math.abs } },
        ...content,
      },
      ({ x }) => ({ result: { value: sum(x, [1]), axes: ['before', 'after'] } }),
    ),
  { clauses: ['op.reduce_sum'] },
);

const reduceMax = sizedFamily(
  'real/reduce_max',
  {
    gate: SUMS.filter(({ data }) => data === 'normal'),
    real: LONG_SUMS.filter(({ data }) => data === 'normal'),
  },
  ({ before, count, after, ...content }: Content & Rows) =>
    stretchedCase(
      'reduce_max',
      {
        axes: {
          before: { extent: before, kinds: 3 },
          count: { extent: count, kinds: 65_521, whole: true },
          after: { extent: after, kinds: 3 },
        },
        inputs: { x: { axes: ['before', 'count', 'after'] } },
        ...content,
      },
      ({ x }) => ({ result: { value: maximum(x, [1]), axes: ['before', 'after'] } }),
    ),
  { clauses: ['op.reduce_max'] },
);

export const SIZED_SUMS: readonly SizedFamily[] = [reduceSum, reduceMax, product];
