import {
  broadcast,
  concat,
  gather,
  iota,
  neg,
  pad,
  scatterAdd,
  slice,
  transpose,
} from '../../spec/program/index.js';
import { both, type Content, TOKENS, VOCABULARY, WIDTH } from './content.js';
import { type SizedFamily, sizedFamily } from './sized-family.js';
import { stretchedCase } from './stretched-case.js';
import type { Axis } from './stretching.js';

/** Large tensors moved: every axis of a different extent, so that none is taken for another. */
const movement = sizedFamily(
  'real/movement',
  {
    gate: [{ batch: 9, tokens: 197, heads: 3, width: 61 }],
    real: [{ batch: 2, tokens: TOKENS, heads: 12, width: 64 }],
  },
  ({ batch, tokens, heads, width, draw }: Heads & { readonly draw: number }) =>
    stretchedCase(
      'movement',
      {
        axes: {
          batch: { extent: batch, kinds: 3 },
          tokens: { extent: tokens, whole: true },
          heads: { extent: heads },
          width: { extent: width, kinds: 7 },
          most: { extent: tokens - 1, whole: true },
          padded: { extent: tokens + 3, whole: true },
          twice: { extent: 2 * tokens, whole: true },
          long: { extent: 70_003, whole: true },
        },
        inputs: {
          x: { axes: ['batch', 'tokens', 'heads', 'width'] },
          row: { axes: ['heads', 'width'] },
        },
        data: 'normal',
        draw,
      },
      ({ x, row }, extents) => {
        const rest = ['heads', 'width'];
        return {
          split: {
            value: transpose(x, [0, 2, 1, 3]),
            axes: ['batch', 'heads', 'tokens', 'width'],
          },
          turned: {
            value: transpose(x, [3, 1, 2, 0]),
            axes: ['width', 'tokens', 'heads', 'batch'],
          },
          most: { value: slice(x, 1, 1, extents('tokens')), axes: ['batch', 'most', ...rest] },
          padded: {
            value: pad(x, [0, 1, 0, 0], [0, 2, 0, 0], 1),
            axes: ['batch', 'padded', ...rest],
          },
          twice: { value: concat([x, neg(x)], 1), axes: ['batch', 'twice', ...rest] },
          stretched: {
            value: broadcast(row, ['batch', 'tokens', ...rest].map(extents)),
            axes: ['batch', 'tokens', ...rest],
          },
          counted: {
            value: iota(x.builder, [extents('long'), extents('heads')], 0),
            axes: ['long', 'heads'],
          },
        };
      },
    ),
  { clauses: ['op.programs'] },
);

type Heads = Readonly<{
  batch: number;
  tokens: number;
  heads: number;
  width: number;
}>;

type Table = Readonly<{
  /** Tables, rows of each, and rows looked up in or added to each. */
  batch: number;
  size: number;
  count: number;
  width: number;
}>;

const TABLES: Readonly<Record<'gate' | 'real', readonly Table[]>> = {
  gate: [
    { batch: 0, size: VOCABULARY, count: 2464, width: 17 },
    { batch: 9, size: 1568, count: 160, width: 33 },
    // Tables that begin beyond row 65,535 of all of them.
    { batch: 11, size: 7919, count: 37, width: 5 },
  ],
  real: [
    { batch: 0, size: VOCABULARY, count: 32 * 77, width: 128 },
    { batch: 8, size: TOKENS, count: 160, width: WIDTH },
  ],
};

/** Rows are looked up whole; their elements repeat. */
function tableAxes({ batch, size, count, width }: Table): Readonly<Record<string, Axis>> {
  return {
    batch: { extent: batch, whole: true },
    size: { extent: size, whole: true },
    count: { extent: count, whole: true },
    width: { extent: width, kinds: 5 },
  };
}

/** The words of a table as large as CLIP's: indices above 32,767, in both kinds of numbers. */
const lookUp = sizedFamily(
  'real/gather',
  TABLES,
  ({ batch, size, count, width, draw }: Table & { readonly draw: number }) => {
    const outer = batch === 0 ? [] : ['batch'];
    return stretchedCase(
      'gather',
      {
        axes: tableAxes({ batch, size, count, width }),
        inputs: {
          x: { axes: [...outer, 'size', 'width'] },
          n: { axes: [...outer, 'size'], dtype: 'i32', below: 2 ** 30 },
          indices: { axes: [...outer, 'count'], dtype: 'i32', below: size },
        },
        data: 'normal',
        draw,
      },
      ({ x, n, indices }) => ({
        rows: { value: gather(x, indices, outer.length), axes: [...outer, 'count', 'width'] },
        numbers: { value: gather(n, indices, outer.length), axes: [...outer, 'count'] },
      }),
    );
  },
  { clauses: ['op.gather'] },
);

/** Thousands of rows added to few, and few to a large table. */
const addUp = sizedFamily(
  'real/scatter_add',
  {
    gate: [
      ...both({ batch: 0, size: 196, count: 1256, width: WIDTH }),
      ...both({ batch: 0, size: 3, count: 4099, width: 33 }),
      ...TABLES.gate.flatMap(both),
    ],
    real: [...TABLES.real.flatMap(both), ...both({ batch: 0, size: 2, count: 65_537, width: 96 })],
  },
  ({ batch, size, count, width, ...content }: Table & Content) => {
    const outer = batch === 0 ? [] : ['batch'];
    return stretchedCase(
      'scatter_add',
      {
        axes: tableAxes({ batch, size, count, width }),
        inputs: {
          indices: { axes: [...outer, 'count'], dtype: 'i32', below: size },
          updates: { axes: [...outer, 'count', 'width'] },
        },
        ...content,
      },
      ({ indices, updates }) => ({
        result: {
          value: scatterAdd(indices, updates, outer.length, size),
          axes: [...outer, 'size', 'width'],
        },
      }),
    );
  },
  {
    clauses: ['op.scatter_add'],
    exemption: { judged: 0.9, reason: 'sums of few centred terms may be near 0' },
  },
);

export const SIZED_INDEXING: readonly SizedFamily[] = [movement, lookUp, addUp];
