import {
  ATTENTION,
  ATTENTION_GRAD,
  CROSS_ENTROPY,
  CROSS_ENTROPY_GRAD,
  GELU,
  GELU_GRAD,
  LAYER_NORM,
  LAYER_NORM_GRAD,
  SOFTMAX,
  SOFTMAX_GRAD,
  type Value,
} from '../../spec/program/index.js';
import { positive } from '../generators/data.js';
import { probability } from '../generators/domains.js';
import { ADAMW_INPUTS, updated } from './adamw.js';
import { HIDDEN, TOKENS, WIDTH } from './content.js';
import { type SizedFamily, sizedFamily } from './sized-family.js';
import { type StretchedOutput, stretchedCase } from './stretched-case.js';

type Rows = Readonly<{ rows: number; width: number }>;
type Drawn = Readonly<{ draw: number }>;

/** Rows as wide as ViT-B, as its hidden layers, as a clip has tokens; more of them than 65,535. */
const ROWS: Readonly<Record<'gate' | 'real', readonly Rows[]>> = {
  gate: [
    { rows: TOKENS + 3, width: WIDTH },
    { rows: 37, width: TOKENS },
    { rows: 65_539, width: 9 },
  ],
  real: [
    { rows: 4 * TOKENS, width: WIDTH },
    { rows: 3 * TOKENS, width: TOKENS },
    { rows: TOKENS, width: HIDDEN },
  ],
};
const rowAxes = ({ rows, width }: Rows) => ({
  rows: { extent: rows, kinds: 5 },
  width: { extent: width, whole: true },
  one: { extent: 1 },
});
const WHOLE = ['rows', 'width'];

/** Logits of any size: some rows overflow without their maximum taken off. */
const softmax = sizedFamily(
  'real/softmax',
  {
    gate: ROWS.gate.map((size) => ({ ...size, data: 'logits' as const })),
    real: ROWS.real.map((size) => ({ ...size, data: 'normal' as const })),
  },
  ({ draw, data, ...size }: Rows & Drawn & Readonly<{ data: 'logits' | 'normal' }>) =>
    stretchedCase(
      'softmax',
      {
        axes: rowAxes(size),
        inputs: {
          x: { axes: WHOLE, domain: (x) => x + (x > 60 ? 60 : 0) },
          y: { axes: WHOLE, regime: 'normal', domain: probability },
          dy: { axes: WHOLE, regime: 'normal' },
        },
        data,
        draw,
      },
      ({ x, y, dy }) => ({
        y: { value: called(x, x.builder.call(SOFTMAX, [x], {})), axes: WHOLE },
        dx: { value: called(x, x.builder.call(SOFTMAX_GRAD, [y, dy], {})), axes: WHOLE },
      }),
    ),
  { clauses: ['op.softmax', 'op.softmax.gradient'], level: 2 },
);

/** Each eps at each size: their rows have deviations near its root. */
const layerNorm = sizedFamily(
  'real/layer_norm',
  {
    gate: ROWS.gate.map((size, i) => ({ ...size, eps: [1e-6, 1e-5, 1e-12][i] as number })),
    real: ROWS.real.map((size) => ({ ...size, eps: 1e-5 })),
  },
  ({ draw, eps, ...size }: Rows & Drawn & Readonly<{ eps: number }>) =>
    stretchedCase(
      'layer_norm',
      {
        axes: rowAxes(size),
        inputs: { x: { axes: WHOLE }, gamma: { axes: ['width'] }, beta: { axes: ['width'] } },
        data: 'nearEps',
        draw,
      },
      ({ x, gamma, beta }) => {
        const [y, mean, rstd] = x.builder.call(LAYER_NORM, [x, gamma, beta], { eps });
        return {
          y: { value: y as Value, axes: WHOLE },
          mean: { value: mean as Value, axes: ['rows', 'one'] },
          rstd: { value: rstd as Value, axes: ['rows', 'one'] },
        };
      },
    ),
  { clauses: ['op.layer_norm'] },
);

/** Its sums over rows depend on all of them: few repeat, but all are added up. */
const layerNormGrad = sizedFamily(
  'real/layer_norm_grad',
  {
    gate: [{ rows: TOKENS + 3, width: 9 }],
    real: [
      { rows: TOKENS + 3, width: 48 },
      { rows: 37, width: WIDTH },
    ],
  },
  ({ draw, rows, width }: Rows & Drawn) =>
    stretchedCase(
      'layer_norm_grad',
      {
        axes: {
          rows: { extent: rows, kinds: 131, whole: true },
          width: { extent: width, whole: true },
          one: { extent: 1 },
        },
        inputs: {
          x: { axes: WHOLE },
          gamma: { axes: ['width'] },
          mean: { axes: ['rows', 'one'] },
          rstd: { axes: ['rows', 'one'], domain: positive },
          dy: { axes: WHOLE },
        },
        data: 'normal',
        draw,
      },
      ({ x, gamma, mean, rstd, dy }) => {
        const operands = [x, gamma, mean, rstd, dy];
        const [dx, dgamma, dbeta] = x.builder.call(LAYER_NORM_GRAD, operands, {});
        return {
          dx: { value: dx as Value, axes: WHOLE },
          dgamma: { value: dgamma as Value, axes: ['width'] },
          dbeta: { value: dbeta as Value, axes: ['width'] },
        };
      },
    ),
  { clauses: ['op.layer_norm.gradient'], level: 2 },
);

type Count = Readonly<{ count: number }>;
/** More elements than a backend's chunk: a multiple of it, one that it divides otherwise, a prime. */
const COUNTS: Readonly<Record<'gate' | 'real', readonly Count[]>> = {
  gate: [{ count: 786_432 }, { count: 360_360 }, { count: 262_147 }],
  real: [{ count: TOKENS * HIDDEN }],
};

const gelu = sizedFamily(
  'real/gelu',
  COUNTS,
  ({ count, draw }: Count & Drawn) =>
    stretchedCase(
      'gelu',
      {
        axes: { i: { extent: count, kinds: 997 } },
        inputs: { x: { axes: ['i'] }, dy: { axes: ['i'] } },
        data: 'normal',
        draw,
      },
      ({ x, dy }) => ({
        y: { value: called(x, x.builder.call(GELU, [x], {})), axes: ['i'] },
        dx: { value: called(x, x.builder.call(GELU_GRAD, [x, dy], {})), axes: ['i'] },
      }),
    ),
  { clauses: ['op.gelu', 'op.gelu.gradient'], level: 2 },
);

const adamw = sizedFamily(
  'real/adamw',
  { gate: COUNTS.gate, real: [{ count: WIDTH * HIDDEN }] },
  ({ count, draw }: Count & Drawn) =>
    stretchedCase(
      'adamw',
      {
        axes: { i: { extent: count, kinds: 997 } },
        inputs: ADAMW_INPUTS,
        data: 'normal',
        draw,
      },
      (values) =>
        updated(values, { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.05, lr_scale: 0.75 }),
    ),
  { clauses: ['op.adamw'] },
);

const crossEntropy = sizedFamily(
  'real/cross_entropy',
  { gate: [{ rows: 129, width: 129 }], real: [{ rows: 1024, width: 1024 }] },
  ({ draw, rows, width }: Rows & Drawn) =>
    stretchedCase(
      'cross_entropy',
      {
        axes: { rows: { extent: rows }, width: { extent: width, whole: true } },
        inputs: {
          x: { axes: WHOLE },
          labels: { axes: ['rows'], dtype: 'i32', below: width },
          dloss: { axes: ['rows'] },
        },
        data: 'normal',
        draw,
      },
      ({ x, labels, dloss }) => ({
        loss: {
          value: called(x, x.builder.call(CROSS_ENTROPY, [x, labels], {})),
          axes: ['rows'],
        },
        dx: {
          value: called(x, x.builder.call(CROSS_ENTROPY_GRAD, [x, labels, dloss], {})),
          axes: WHOLE,
        },
      }),
    ),
  { clauses: ['op.cross_entropy', 'op.cross_entropy.gradient'], level: 2 },
);

type Heads = Readonly<{
  batch: number;
  heads: number;
  tokens: number;
  width: number;
  scale: number;
  bias: boolean;
}>;

const attentionAxes = ({ batch, heads, tokens, width }: Heads) => ({
  batch: { extent: batch, kinds: 1 },
  heads: { extent: heads, kinds: 2 },
  // A row of the result depends on one query, and on all keys.
  queries: { extent: tokens, kinds: 5 },
  keys: { extent: tokens, whole: true },
  width: { extent: width, whole: true },
  one: { extent: 1 },
});
const QUERIES = ['batch', 'heads', 'queries', 'width'];
const KEYS = ['batch', 'heads', 'keys', 'width'];
const BIAS = ['batch', 'one', 'one', 'keys'];

/** A million scores a head: backends that hold fewer at a time cut its queries, into 2 blocks or more. */
const BLOCKS: Heads = { batch: 1, heads: 2, tokens: 1040, width: 8, scale: 0.3, bias: false };

const attention = sizedFamily(
  'real/attention',
  {
    gate: [
      { batch: 2, heads: 5, tokens: 197, width: 64, scale: 0.125, bias: true },
      { batch: 1, heads: 3, tokens: TOKENS, width: 24, scale: 0.3, bias: true },
      BLOCKS,
    ],
    real: [
      { batch: 2, heads: 12, tokens: TOKENS, width: 64, scale: 0.125, bias: false },
      { batch: 32, heads: 8, tokens: 77, width: 64, scale: 0.125, bias: true },
    ],
  },
  ({ draw, ...size }: Heads & Drawn) =>
    stretchedCase<string>(
      'attention',
      {
        axes: attentionAxes(size),
        inputs: {
          q: { axes: QUERIES },
          k: { axes: KEYS },
          v: { axes: KEYS },
          ...(size.bias ? { bias: { axes: BIAS } } : {}),
        },
        data: 'normal',
        draw,
      },
      (values): Readonly<Record<string, StretchedOutput>> => {
        const { q, k, v, bias } = values;
        const operands = [q, k, v, ...(bias === undefined ? [] : [bias])] as Value[];
        const [o] = (q as Value).builder.call(ATTENTION, operands, { scale: size.scale });
        return { o: { value: o as Value, axes: QUERIES } };
      },
    ),
  { clauses: ['op.attention'] },
);

/** Gradients of keys and values depend on all queries: of few heads, one is computed in full. */
const attentionGrad = sizedFamily(
  'real/attention_grad',
  {
    gate: [{ batch: 2, heads: 3, tokens: 197, width: 9, scale: 0.3, bias: true }, BLOCKS],
    real: [{ batch: 1, heads: 3, tokens: TOKENS, width: 64, scale: 0.125, bias: false }],
  },
  ({ draw, ...size }: Heads & Drawn) =>
    stretchedCase<string>(
      'attention_grad',
      {
        axes: { ...attentionAxes(size), heads: { extent: size.heads, kinds: 1 } },
        inputs: {
          ...{ q: { axes: KEYS }, k: { axes: KEYS }, v: { axes: KEYS } },
          ...{ o: { axes: KEYS }, do: { axes: KEYS } },
          ...(size.bias ? { bias: { axes: BIAS } } : {}),
        },
        data: 'normal',
        draw,
      },
      (values): Readonly<Record<string, StretchedOutput>> => {
        const operands = Object.values(values);
        const [q] = operands as [Value];
        const results = q.builder.call(ATTENTION_GRAD, operands, { scale: size.scale });
        return Object.fromEntries(
          ['dq', 'dk', 'dv'].map((name, i) => [name, { value: results[i] as Value, axes: KEYS }]),
        );
      },
    ),
  { clauses: ['op.attention.gradient'], level: 2 },
);

function called({ name }: Value, [first]: readonly Value[]): Value {
  if (first !== undefined) return first;
  throw new Error(`a call on ${name} has no result`);
}

export const SIZED_COMPOSITES: readonly SizedFamily[] = [
  softmax,
  layerNorm,
  layerNormGrad,
  gelu,
  crossEntropy,
  adamw,
  attention,
  attentionGrad,
];
