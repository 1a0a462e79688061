import fc from 'fast-check';
import {
  type BinaryName,
  COMPARISONS,
  type DType,
  FUNCTION_NAMES,
  factsOf,
  isBinaryName,
  PRIMITIVE_NAMES,
  type PrimitiveFacts,
  type PrimitiveName,
  type UnaryName,
  type Value,
} from '../../spec/program/index.js';
import { buildCase, type CaseInput } from '../build-case.js';
import { type Family, family } from '../case.js';
import { nonzero, positive } from '../generators/data.js';
import { draw, regime, shape } from '../generators/draws.js';

type Takes = PrimitiveFacts['takes'];
const binaryTaking = (takes: Takes): readonly BinaryName[] =>
  PRIMITIVE_NAMES.filter(isBinaryName).filter((op) => factsOf(op).takes === takes);

const whole = { shape: shape(0, 4), regime, draw };
/** The largest finite numbers at times. */
const nearLargest = (x: number): number => (Math.abs(x) > 1 ? Math.sign(x) * LARGEST : x);
const LARGEST = 2 ** 128 - 2 ** 104;
/** Brings numbers to where a case asks for a value, if not all have one. */
const DOMAINS: { readonly [K in PrimitiveName]?: (x: number) => number } = {
  div: nonzero,
  // Of subnormal numbers another family asks.
  tanh: normalNumber,
};

function domainOf(op: PrimitiveName): ((x: number) => number) | undefined {
  const { domain, asked } = factsOf(op);
  if (domain !== undefined) return domain === 'positive' ? positive : Math.abs;
  if (asked !== undefined) return (x) => Math.max(asked.low, Math.min(asked.high, x));
  return DOMAINS[op];
}

/** Keeps a float in the range of i32. */
const integral = (x: number): number => Math.max(-1e9, Math.min(1e9, x));

function unary(op: UnaryName, domain?: (x: number) => number): Family {
  return family(`primitive/${op}`, fc.record(whole), ({ shape: extents, ...data }) => {
    const x: CaseInput = { shape: extents, ...(domain === undefined ? {} : { domain }) };
    return buildCase(op, { x }, data, ({ x: value }) => ({
      result: value.builder.primitive(op, [value], {}),
    }));
  });
}

function binary(op: BinaryName, dtype: 'f32' | 'i32', domain?: (x: number) => number): Family {
  const id = dtype === 'f32' ? `primitive/${op}` : `primitive/${op}/${dtype}`;
  return family(id, fc.record(whole), ({ shape: extents, ...data }) => {
    // Not every library has the lower half of a product of large integers.
    const bounded = op === 'mul' && dtype === 'i32' ? { below: 2 ** 15 } : {};
    const a: CaseInput = { dtype, shape: extents, ...bounded };
    const b: CaseInput = { ...a, ...(domain === undefined ? {} : { domain }) };
    return buildCase(op, { a, b }, data, ({ a: left, b: right }) => ({
      result: left.builder.primitive(op, [left, right], {}),
    }));
  });
}

function logical(op: BinaryName): Family {
  return family(`primitive/${op}`, fc.record(whole), ({ shape: extents, ...data }) => {
    const bool: CaseInput = { dtype: 'bool', shape: extents };
    return buildCase(op, { a: bool, b: bool }, data, ({ a, b }) => ({
      result: a.builder.primitive(op, [a, b], {}),
    }));
  });
}

function compare(dtype: 'f32' | 'i32'): Family {
  const id = dtype === 'f32' ? 'primitive/compare' : `primitive/compare/${dtype}`;
  return family(id, fc.record(whole), ({ shape: extents, ...data }) => {
    const input: CaseInput = { dtype, shape: extents };
    return buildCase('compare', { a: input, b: input }, data, ({ a, b }) =>
      Object.fromEntries(
        COMPARISONS.map((direction) => [
          direction,
          a.builder.primitive('compare', [a, b], { direction }),
        ]),
      ),
    );
  });
}

function select(dtype: 'f32' | 'i32' | 'bool'): Family {
  const id = dtype === 'f32' ? 'primitive/select' : `primitive/select/${dtype}`;
  return family(id, fc.record(whole), ({ shape: extents, ...data }) => {
    const branch: CaseInput = { dtype, shape: extents };
    const condition: CaseInput = { dtype: 'bool', shape: extents };
    return buildCase('select', { condition, a: branch, b: branch }, data, (values) => ({
      result: values.a.builder.primitive('select', [values.condition, values.a, values.b], {}),
    }));
  });
}

const not: Family = family('primitive/not', fc.record(whole), ({ shape: extents, ...data }) =>
  buildCase('not', { x: { dtype: 'bool', shape: extents } }, data, ({ x }) => ({
    result: x.builder.primitive('not', [x], {}),
  })),
);

/** The conversions that programs of the method contain; half of the floats lie between integers. */
const CASTS: readonly (readonly [DType, DType])[] = [
  ['f32', 'i32'],
  ['f32', 'bool'],
  ['i32', 'f32'],
  ['i32', 'bool'],
  ['u8', 'f32'],
  ['u8', 'i32'],
  ['bool', 'f32'],
  ['bool', 'i32'],
];

function cast([from, to]: readonly [DType, DType]): Family {
  return family(`primitive/cast/${from}-${to}`, fc.record(whole), ({ shape: extents, ...data }) => {
    // Integers of more bits than a short float has.
    const below = from === 'i32' ? { below: 2 ** 22 } : {};
    const x: CaseInput = {
      dtype: from,
      shape: extents,
      domain: (value) => integral(value / 2),
      ...below,
    };
    return buildCase('cast', { x }, data, ({ x: value }) => ({
      result: value.builder.primitive('cast', [value], { dtype: to }),
    }));
  });
}

/** x * x with one operand twice: its result is never negative. */
const square: Family = family(
  'primitive/mul/same',
  fc.record(whole),
  ({ shape: extents, ...data }) =>
    buildCase('mul', { x: { shape: extents } }, data, ({ x }: { readonly x: Value }) => ({
      result: x.builder.primitive('mul', [x, x], {}),
    })),
);

/** Numbers that are 0 or at least the least normal one. */
export function normalNumber(x: number): number {
  return Math.abs(x) < 2 ** -126 ? 0 : x;
}

/** tanh x = x there; rational approximations lose it. */
const tanhOfSubnormals: Family = family(
  'primitive/tanh/subnormal',
  fc.record({ shape: whole.shape, draw }),
  ({ shape: extents, ...data }) => {
    const x: CaseInput = { shape: extents, domain: (value) => value * 2 ** -120 };
    return buildCase('tanh', { x }, { ...data, regime: 'tiny' }, ({ x: value }) => ({
      result: value.builder.primitive('tanh', [value], {}),
    }));
  },
  { clauses: ['op.tanh.subnormal'] },
);

export const ELEMENTWISE_FAMILIES: readonly Family[] = [
  ...binaryTaking('numbers').flatMap((op) => [binary(op, 'f32'), binary(op, 'i32')]),
  ...binaryTaking('floats').map((op) => binary(op, 'f32', domainOf(op))),
  square,
  unary('neg'),
  ...FUNCTION_NAMES.map((op) => unary(op, domainOf(op))),
  tanhOfSubnormals,
  unary('is_finite', nearLargest),
  compare('f32'),
  compare('i32'),
  ...binaryTaking('bools').map(logical),
  not,
  select('f32'),
  select('i32'),
  select('bool'),
  ...CASTS.map(cast),
];
