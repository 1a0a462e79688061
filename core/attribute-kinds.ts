import type {
  Comparison,
  DType,
  PrimitiveAttributes,
  PrimitiveName,
} from '../spec/program/index.js';

/**
 * What an attribute of a primitive holds: any number; an integer from 0; a list of either; true or
 * false; the name of an element type; the name of a comparison.
 */
export type PrimitiveAttributeKind =
  | 'number'
  | 'natural'
  | 'numbers'
  | 'naturals'
  | 'boolean'
  | 'dtype'
  | 'comparison';

type Kinds<K extends PrimitiveName> = {
  readonly [A in keyof PrimitiveAttributes[K]]: PrimitiveAttributeKind;
};

/** The attributes of each primitive; the keys are the names of all primitives. */
export const ATTRIBUTE_KINDS: { readonly [K in PrimitiveName]: Kinds<K> } = {
  add: {},
  sub: {},
  mul: {},
  div: {},
  min: {},
  max: {},
  neg: {},
  exp: {},
  log: {},
  sqrt: {},
  rsqrt: {},
  erf: {},
  tanh: {},
  compare: { direction: 'comparison' },
  and: {},
  or: {},
  not: {},
  is_finite: {},
  select: {},
  cast: { dtype: 'dtype' },
  reduce_sum: { axes: 'naturals', keep: 'boolean' },
  reduce_max: { axes: 'naturals', keep: 'boolean' },
  matmul: { transpose_a: 'boolean', transpose_b: 'boolean' },
  reshape: { shape: 'naturals' },
  transpose: { permutation: 'naturals' },
  broadcast: { shape: 'naturals' },
  slice: { starts: 'naturals', ends: 'naturals' },
  pad: { low: 'naturals', high: 'naturals', value: 'number' },
  concat: { axis: 'natural' },
  gather: { batch: 'natural' },
  scatter_add: { batch: 'natural', size: 'natural' },
  iota: { shape: 'naturals', axis: 'natural' },
  constant: { dtype: 'dtype', shape: 'naturals', data: 'numbers' },
};

export function isPrimitiveName(name: string): name is PrimitiveName {
  return Object.hasOwn(ATTRIBUTE_KINDS, name);
}

export const DTYPES: readonly DType[] = ['f64', 'f32', 'f16', 'bf16', 'i32', 'u8', 'bool'];
export const COMPARISONS: readonly Comparison[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];
