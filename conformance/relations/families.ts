import fc from 'fast-check';
import { differentiate } from '../../core/autodiff/differentiate.js';
import { infoNceLoss, l2Normalize, targets, toUnitRange } from '../../spec/index.js';
import {
  ADAMW,
  add,
  attention,
  CROSS_ENTROPY_GRAD,
  constant,
  gather,
  iota,
  mul,
  type ProgramBuilder,
  scatterAdd,
  sub,
  sum,
  type Value,
} from '../../spec/program/index.js';
import { RandomStream } from '../../spec/random/index.js';
import { buildCase, type CaseInput } from '../build-case.js';
import { type Case, type Family, family, programCase } from '../case.js';
import { draw } from '../generators/draws.js';

const NORMAL = { regime: 'normal' } as const;
/** A relation has one value that must be 0 (or a known number), computed in one program. */
const options = (id: string): { readonly level: 3; readonly clauses: readonly string[] } => ({
  level: 3,
  clauses: [`relation.${id}`],
});
/** Differences that must be 0 are judged by the bound of their computation, which is all they have. */
const DIFFERENCE = {
  exemption: { judged: 0, reason: 'the value is 0: any bound is larger than it' },
} as const;

/** An order of n things, as a literal. */
function order(builder: ProgramBuilder, n: number, seed: number): Value {
  const stream = new RandomStream({ seed, stream: 'test', replicate: 99 });
  const list = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = stream.integer(i + 1);
    [list[i], list[j]] = [list[j] as number, list[i] as number];
  }
  return constant(builder, list, { shape: [n], dtype: 'i32' });
}

const tokens = { batch: fc.constantFrom(1, 2, 3), count: fc.constantFrom(2, 5, 8, 16), draw };

/** Tokens looked up by an order in two parts, and added back where they were. */
const restore = family(
  'relation/restore',
  fc.record({ ...tokens, visible: fc.constantFrom(1, 3), width: fc.constantFrom(1, 4, 7) }),
  ({ batch, count, visible, width, draw: seed }) =>
    buildCase(
      'restore',
      { x: { shape: [batch, count, width] } },
      { ...NORMAL, draw: seed },
      ({ x }, builder) => {
        const kept = Math.min(visible, count - 1);
        const all = gather(order(builder, count, seed), iota(builder, [batch, count], 1), 0);
        const part = (low: number, high: number): Value => {
          const indices = builder.primitive('slice', [all], {
            starts: [0, low],
            ends: [batch, high],
          });
          return scatterAdd(indices, gather(x, indices, 1), 1, count);
        };
        return { restored: add(part(0, kept), part(kept, count)) };
      },
    ),
  options('restore'),
);

/** targets(a x + b) - targets(x): 0 but for eps, which the bounds know. */
const affine = family(
  'relation/affine-targets',
  fc.record({ cubes: fc.constantFrom(1, 3), pixels: fc.constantFrom(4, 8, 32), draw }),
  ({ cubes, pixels, draw: seed }) =>
    buildCase(
      'affine',
      { cubes: { dtype: 'u8', shape: [1, cubes, 3 * pixels] } },
      { ...NORMAL, draw: seed },
      ({ cubes: x }) => {
        const pixelsOf = toUnitRange(x);
        const moved = add(mul(pixelsOf, 0.5), 0.25);
        return {
          difference: sub(
            targets(moved, 'per-cube-channel'),
            targets(pixelsOf, 'per-cube-channel'),
          ),
        };
      },
    ),
  { ...options('affine-targets'), ...DIFFERENCE },
);

const pairs = {
  batch: fc.constantFrom(2, 3, 8, 17),
  width: fc.constantFrom(2, 5, 16),
  draw,
};
type Pairs = { readonly batch: number; readonly width: number; readonly draw: number };

function loss(builder: ProgramBuilder, text: Value, video: Value): Value {
  const scale = constant(builder, 1 / 0.07);
  return infoNceLoss(l2Normalize(text), l2Normalize(video), scale, {
    temperature: { kind: 'learned' },
  });
}

/** Embeddings that are all one vector: every row is a uniform distribution. */
const logBatch = family(
  'relation/log-batch',
  fc.record(pairs),
  ({ batch, width, draw: seed }) =>
    buildCase('log_batch', { x: { shape: [1, width] } }, { ...NORMAL, draw: seed }, ({ x }, b) => {
      const all = b.primitive('broadcast', [x], { shape: [batch, width] });
      return { loss: loss(b, all, all) };
    }),
  options('log-batch'),
);

function pairCase(
  name: string,
  { batch, width, draw: seed }: Pairs,
  body: (text: Value, video: Value, builder: ProgramBuilder) => Record<string, Value>,
): Case & { readonly program: NonNullable<Case['program']> } {
  const x: CaseInput = { shape: [batch, width] };
  return buildCase(name, { text: x, video: x }, { ...NORMAL, draw: seed }, (values, builder) =>
    body(values.text, values.video, builder),
  );
}

const permutation = family(
  'relation/permutation',
  fc.record(pairs),
  (drawn) => {
    const { program, runs } = pairCase('permutation', drawn, (text, video, builder) => {
      const moved = order(builder, drawn.batch, drawn.draw);
      const reordered = loss(builder, gather(text, moved, 0), gather(video, moved, 0));
      return { difference: sub(loss(builder, text, video), reordered) };
    });
    // The gradient of a difference of equal functions is 0 as well.
    const { builder, gradients } = differentiate(program, 'difference', ['text']);
    for (const value of gradients.values()) builder.output('gradient', value);
    return programCase(builder.finish(), runs);
  },
  { ...options('permutation'), ...DIFFERENCE },
);

const swap = family(
  'relation/modality-swap',
  fc.record(pairs),
  (drawn) =>
    pairCase('swap', drawn, (text, video, builder) => ({
      difference: sub(loss(builder, text, video), loss(builder, video, text)),
    })),
  { ...options('modality-swap'), ...DIFFERENCE },
);

const scaleFree = family(
  'relation/scale-free',
  fc.record(pairs),
  (drawn) =>
    pairCase('scale_free', drawn, (text, video, builder) => ({
      difference: sub(loss(builder, text, video), loss(builder, mul(text, 8), mul(video, 0.5))),
    })),
  { ...options('scale-free'), ...DIFFERENCE },
);

const gradientRows = family(
  'relation/gradient-rows',
  fc.record({ rows: fc.constantFrom(1, 3, 8), classes: fc.constantFrom(2, 5, 17), draw }),
  ({ rows, classes, draw: seed }) =>
    buildCase(
      'gradient_rows',
      {
        x: { shape: [rows, classes] },
        labels: { dtype: 'i32', shape: [rows], below: classes },
        dloss: { shape: [rows] },
      },
      { ...NORMAL, draw: seed },
      ({ x, labels, dloss }, builder) => {
        const [dx] = builder.call(CROSS_ENTROPY_GRAD, [x, labels, dloss], {}) as readonly [Value];
        return { sums: sum(dx, [1]) };
      },
    ),
  { ...options('gradient-rows'), ...DIFFERENCE },
);

const decay = family(
  'relation/decay',
  fc.record({ count: fc.constantFrom(1, 5, 17), decay: fc.constantFrom(0, 0.05), draw }),
  ({ count, decay: rate, draw: seed }) =>
    buildCase('decay', { p: { shape: [count] } }, { ...NORMAL, draw: seed }, ({ p }, builder) => {
      const zero = builder.primitive('broadcast', [constant(builder, 0)], { shape: [count] });
      const scalars = [1e-4, 0.1, 0.05].map((value) => constant(builder, value));
      const [next, m, v] = builder.call(ADAMW, [p, zero, zero, zero, ...scalars], {
        beta1: 0.9,
        beta2: 0.95,
        eps: 1e-8,
        decay: rate,
        lr_scale: 1,
      }) as readonly [Value, Value, Value];
      return { p: next, m, v };
    }),
  options('decay'),
);

const keyOrder = family(
  'relation/key-order',
  fc.record({ ...tokens, width: fc.constantFrom(1, 4, 8) }),
  ({ batch, count, width, draw: seed }) => {
    const x: CaseInput = { shape: [batch, 1, count, width] };
    const inputs = { q: x, k: x, v: x };
    return buildCase('key_order', inputs, { ...NORMAL, draw: seed }, ({ q, k, v }, builder) => {
      const moved = gather(order(builder, count, seed), iota(builder, [batch, 1, count], 2), 0);
      const scale = 1 / Math.sqrt(width);
      const reordered = attention(q, gather(k, moved, 2), gather(v, moved, 2), { scale });
      return { difference: sub(attention(q, k, v, { scale }), reordered) };
    });
  },
  { ...options('key-order'), ...DIFFERENCE },
);

export const RELATION_FAMILIES: readonly Family[] = [
  restore,
  affine,
  logBatch,
  permutation,
  swap,
  scaleFree,
  gradientRows,
  decay,
  keyOrder,
];
