import type { Shape, TensorType } from '../../spec/program/index.js';
import {
  type ExactTensor,
  exactZeros,
  isFloatTensor,
  isUnsure,
  markUnsure,
  offsets,
  strides,
} from '../tensor.js';
import { floatZeros, operand, type Rule, type Rules } from './rule.js';

const reduce_sum: Rule<'reduce_sum'> = ({ arithmetic, operands, attributes, type }) => {
  const x = operand(operands, 0);
  const { bases, reduced } = split(x.shape, attributes.axes);
  if (!isFloatTensor(x)) return reduceExact(x, type, bases, reduced, plus);
  const out = floatZeros(arithmetic, type);
  bases.forEach((base, i) => {
    arithmetic.sum(out.column, i, x.column, base, reduced);
  });
  return out;
};

const reduce_max: Rule<'reduce_max'> = ({ arithmetic, operands, attributes, type }) => {
  const x = operand(operands, 0);
  const { bases, reduced } = split(x.shape, attributes.axes);
  if (!isFloatTensor(x)) return reduceExact(x, type, bases, reduced, larger);
  const out = floatZeros(arithmetic, type);
  bases.forEach((base, i) => {
    arithmetic.maximum(out.column, i, x.column, base, reduced);
  });
  return out;
};

export const REDUCE: Rules<'reduce_sum' | 'reduce_max'> = { reduce_sum, reduce_max };

/** Where each result starts to read, and what it adds to that for each of its terms. */
function split(
  shape: Shape,
  axes: readonly number[],
): { readonly bases: Int32Array; readonly reduced: Int32Array } {
  const steps = strides(shape);
  const pick = (list: readonly number[], gone: boolean): number[] =>
    list.filter((_, axis) => axes.includes(axis) === gone);
  return {
    bases: offsets(pick(shape, false), pick(steps, false)),
    reduced: offsets(pick(shape, true), pick(steps, true)),
  };
}

function reduceExact(
  x: ExactTensor,
  type: TensorType,
  bases: Int32Array,
  reduced: Int32Array,
  combine: (a: number, b: number) => number,
): ExactTensor {
  const out = exactZeros(type);
  bases.forEach((base, i) => {
    const terms = Array.from(reduced, (offset) => x.data[base + offset] as number);
    out.data[i] = terms.length === 0 ? 0 : terms.reduce(combine);
    if (reduced.some((offset) => isUnsure(x, base + offset))) markUnsure(out, i);
  });
  return out;
}

function larger(a: number, b: number): number {
  return Math.max(a, b);
}

function plus(a: number, b: number): number {
  return (a + b) | 0;
}
