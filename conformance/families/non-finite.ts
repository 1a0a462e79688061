import fc from 'fast-check';
import {
  type BinaryName,
  COMPARISONS,
  FUNCTION_NAMES,
  factsOf,
  isBinaryName,
  PRIMITIVE_NAMES,
  type UnaryName,
  type Value,
} from '../../spec/program/index.js';
import { buildCase, type CaseInput, type Outputs } from '../build-case.js';
import { type Case, type Family, family } from '../case.js';
import { draw, positiveExtent, regime, shape } from '../generators/draws.js';
import { normalNumber } from './elementwise.js';

const whole = { shape: shape(0, 4), regime, draw };

/** Infinity and NaN at times: the one place where a program meets them on purpose. */
function someInfinite(x: number): number {
  if (x > 1) return Number.POSITIVE_INFINITY;
  if (x > 0.7) return Number.NEGATIVE_INFINITY;
  return x < -1 ? Number.NaN : x;
}

/** NaN at times: what is added to an infinity may be anything that an order of adding makes of it. */
function someNaN(x: number): number {
  return Math.abs(x) > 0.9 ? Number.NaN : x;
}

/** For cases that ask for what IEEE 754 says of NaN and infinities. */
const NON_FINITE = { needs: 'non-finite', clauses: ['op.non-finite'] } as const;

function unary(op: UnaryName, domain: (x: number) => number = someInfinite): Family {
  return family(
    `primitive/${op}/non-finite`,
    fc.record(whole),
    ({ shape: extents, ...data }) =>
      buildCase(op, { x: { shape: extents, domain } }, data, ({ x }) => ({
        result: x.builder.primitive(op, [x], {}),
      })),
    NON_FINITE,
  );
}

/** Infinities of both signs and NaN among both operands. */
function binary(op: BinaryName): Family {
  return family(
    `primitive/${op}/non-finite`,
    fc.record(whole),
    ({ shape: extents, ...data }) => {
      const wild: CaseInput = { shape: extents, domain: someInfinite };
      return buildCase(op, { a: wild, b: wild }, data, ({ a, b }) => ({
        result: a.builder.primitive(op, [a, b], {}),
      }));
    },
    NON_FINITE,
  );
}

const compare: Family = family(
  'primitive/compare/non-finite',
  fc.record(whole),
  ({ shape: extents, ...data }) => {
    const wild: CaseInput = { shape: extents, domain: someInfinite };
    return buildCase('compare', { a: wild, b: wild }, data, ({ a, b }) =>
      Object.fromEntries(
        COMPARISONS.map((direction) => [
          direction,
          a.builder.primitive('compare', [a, b], { direction }),
        ]),
      ),
    );
  },
  NON_FINITE,
);

/** Whatever the branch holds that is not taken. */
const select: Family = family(
  'primitive/select/non-finite',
  fc.record(whole),
  ({ shape: extents, ...data }) => {
    const wild: CaseInput = { shape: extents, domain: someInfinite };
    const condition: CaseInput = { dtype: 'bool', shape: extents };
    return buildCase('select', { condition, a: wild, b: wild }, data, (values) => ({
      result: values.a.builder.primitive('select', [values.condition, values.a, values.b], {}),
    }));
  },
  NON_FINITE,
);

/** Anything but 0 is true, NaN too. */
const toBool: Family = family(
  'primitive/cast/f32-bool/non-finite',
  fc.record(whole),
  ({ shape: extents, ...data }) =>
    buildCase('cast', { x: { shape: extents, domain: someInfinite } }, data, ({ x }) => ({
      result: x.builder.primitive('cast', [x], { dtype: 'bool' }),
    })),
  NON_FINITE,
);

const rows = {
  outer: positiveExtent,
  inner: positiveExtent,
  axis: fc.constantFrom(0, 1),
  regime,
  draw,
};

function reduce(op: 'reduce_sum' | 'reduce_max', domain: (x: number) => number): Family {
  return family(
    `primitive/${op}/non-finite`,
    fc.record(rows),
    ({ outer, inner, axis, ...data }) =>
      buildCase(op, { x: { shape: [outer, inner], domain } }, data, ({ x }) => ({
        result: x.builder.primitive(op, [x], { axes: [axis], keep: false }),
      })),
    NON_FINITE,
  );
}

/** Rows of nothing but -Infinity: a search that begins at the lowest finite number ends there. */
const lowest: Family = family(
  'primitive/reduce_max/lowest',
  fc.record(rows),
  ({ outer, inner, axis, ...data }) => {
    const x: CaseInput = { shape: [outer, inner], domain: () => Number.NEGATIVE_INFINITY };
    return buildCase('reduce_max', { x }, data, ({ x: value }) => ({
      result: value.builder.primitive('reduce_max', [value], { axes: [axis], keep: false }),
    }));
  },
  NON_FINITE,
);

/** NaN in one row of a and one column of b: 0 times NaN is NaN, and other rows are free of it. */
const matmul: Family = family(
  'primitive/matmul/non-finite',
  fc.record({ height: positiveExtent, inner: positiveExtent, width: positiveExtent, regime, draw }),
  ({ height, inner, width, ...data }) => {
    const inputs = {
      a: { shape: [height, inner], domain: someNaN },
      b: { shape: [inner, width], regime: 'zeros' as const },
    };
    return buildCase('matmul', inputs, data, ({ a, b }) => ({
      result: a.builder.primitive('matmul', [a, b], { transpose_a: false, transpose_b: false }),
    }));
  },
  NON_FINITE,
);

/** NaN in an update reaches the row of its index, and no other. */
const scatterAdd: Family = family(
  'primitive/scatter_add/non-finite',
  fc.record({ size: positiveExtent, count: positiveExtent, row: positiveExtent, regime, draw }),
  ({ size, count, row, ...data }) => {
    const inputs = {
      indices: { dtype: 'i32' as const, shape: [count], below: size },
      updates: { shape: [count, row], domain: someNaN },
    };
    return buildCase('scatter_add', inputs, data, ({ indices, updates }) => ({
      result: updates.builder.primitive('scatter_add', [indices, updates], { batch: 0, size }),
    }));
  },
  NON_FINITE,
);

/** The case with the signs of its zeros judged, where the contract keeps them. */
function signed(drawn: Case): Case {
  const expected: Case['expected'] = (inputs, contract, outputs) =>
    Object.fromEntries(
      Object.entries(drawn.expected(inputs, contract, outputs)).map(([name, allowed]) => [
        name,
        'value' in allowed ? { ...allowed, signedZeros: contract.signedZeros === 'kept' } : allowed,
      ]),
    );
  return { ...drawn, expected };
}

const neg: Family = family(
  'primitive/neg/zero',
  fc.record({ shape: whole.shape, draw }),
  ({ shape: extents, ...data }) =>
    signed(
      buildCase('neg', { x: { shape: extents } }, { ...data, regime: 'zeros' }, ({ x }) => ({
        result: x.builder.primitive('neg', [x], {}),
      })),
    ),
  { clauses: ['op.signed-zero'] },
);

/** What is padded with; addresses are JSON, which has no names for these. */
const VALUES = { '0': 0, '-0': -0, NaN: Number.NaN, Infinity, '-Infinity': -Infinity } as const;

/** Elements that only change their place: zeros of both signs, and in the other family NaN and infinities. */
function moved(
  kind: 'zero' | 'non-finite',
  values: readonly (keyof typeof VALUES)[],
  domain?: (x: number) => number,
): Family {
  return family(
    `primitive/moved/${kind}`,
    fc.record({
      height: positiveExtent,
      width: positiveExtent,
      value: fc.constantFrom(...values),
      regime,
      draw,
    }),
    ({ height, width, value: named, ...data }) => {
      const value = VALUES[named];
      const x: CaseInput = {
        shape: [height, width],
        ...(domain === undefined ? { regime: 'zeros' } : { domain }),
      };
      const indices: CaseInput = { dtype: 'i32', shape: [5], below: height };
      return signed(
        buildCase('moved', { x, indices }, data, (values) =>
          moves(values.x, values.indices, value),
        ),
      );
    },
    kind === 'zero' ? { clauses: ['op.signed-zero'] } : NON_FINITE,
  );
}

function moves(x: Value, indices: Value, value: number): Outputs {
  const [height = 0, width = 0] = x.shape;
  const { builder } = x;
  return {
    reshape: builder.primitive('reshape', [x], { shape: [width, height] }),
    transpose: builder.primitive('transpose', [x], { permutation: [1, 0] }),
    broadcast: builder.primitive('broadcast', [x], { shape: [2, height, width] }),
    slice: builder.primitive('slice', [x], { starts: [0, 0], ends: [height, width - 1] }),
    pad: builder.primitive('pad', [x], { low: [0, 1], high: [1, 0], value }),
    concat: builder.primitive('concat', [x, x], { axis: 1 }),
    gather: builder.primitive('gather', [x, indices], { batch: 0 }),
    constant: builder.primitive('constant', [], { dtype: 'f32', shape: [2], data: [value, 1] }),
  };
}

export const NON_FINITE_FAMILIES: readonly Family[] = [
  neg,
  moved('zero', ['0', '-0']),
  unary('is_finite'),
  ...FUNCTION_NAMES.filter((op) => op !== 'tanh').map((op) => unary(op)),
  unary('neg'),
  unary('tanh', (x) => someInfinite(normalNumber(x))),
  ...PRIMITIVE_NAMES.filter(isBinaryName)
    .filter((op) => factsOf(op).takes !== 'bools')
    .map(binary),
  compare,
  select,
  toBool,
  reduce('reduce_max', someInfinite),
  lowest,
  reduce('reduce_sum', someNaN),
  matmul,
  scatterAdd,
  moved('non-finite', ['0', 'NaN', 'Infinity', '-Infinity'], someInfinite),
];
