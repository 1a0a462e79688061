import { elementCount } from '../../spec/program/index.js';
import type { Arithmetic } from '../arithmetic.js';
import { copier, offsets, strides, type Tensor, zeros } from '../tensor.js';
import { fill } from './fill.js';
import { operand, type Rule, type Rules } from './rule.js';

const reshape: Rule<'reshape'> = ({ arithmetic, operands, type }) => {
  const out = zeros(arithmetic, type);
  const copy = copier(arithmetic, out, operand(operands, 0));
  const count = elementCount(type.shape);
  for (let i = 0; i < count; i++) copy(i, i);
  return out;
};

const transpose: Rule<'transpose'> = ({ arithmetic, operands, attributes, type }) => {
  const x = operand(operands, 0);
  const steps = strides(x.shape);
  const permuted = attributes.permutation.map((axis) => steps[axis] as number);
  return read(arithmetic, zeros(arithmetic, type), x, offsets(type.shape, permuted));
};

const broadcast: Rule<'broadcast'> = ({ arithmetic, operands, type }) => {
  const x = operand(operands, 0);
  const steps = strides(x.shape);
  const added = type.shape.length - x.shape.length;
  const stretched = type.shape.map((_, axis) =>
    (x.shape[axis - added] ?? 1) === 1 ? 0 : (steps[axis - added] as number),
  );
  return read(arithmetic, zeros(arithmetic, type), x, offsets(type.shape, stretched));
};

const slice: Rule<'slice'> = ({ arithmetic, operands, attributes, type }) => {
  const x = operand(operands, 0);
  const steps = strides(x.shape);
  const start = position(attributes.starts, steps);
  return read(arithmetic, zeros(arithmetic, type), x, offsets(type.shape, steps, start));
};

const pad: Rule<'pad'> = ({ arithmetic, operands, attributes, type }) => {
  const x = operand(operands, 0);
  const out = fill(arithmetic, type, [attributes.value]);
  const steps = strides(type.shape);
  const places = offsets(x.shape, steps, position(attributes.low, steps));
  return write(arithmetic, out, x, places);
};

const concat: Rule<'concat'> = ({ arithmetic, operands, attributes: { axis }, type }) => {
  const out = zeros(arithmetic, type);
  const steps = strides(type.shape);
  let start = 0;
  for (const x of operands) {
    write(arithmetic, out, x, offsets(x.shape, steps, start * (steps[axis] as number)));
    start += x.shape[axis] as number;
  }
  return out;
};

export const SHAPE: Rules<'reshape' | 'transpose' | 'broadcast' | 'slice' | 'pad' | 'concat'> = {
  reshape,
  transpose,
  broadcast,
  slice,
  pad,
  concat,
};

/** out[i] = x[sources[i]] */
function read<C>(
  arithmetic: Arithmetic<C>,
  out: Tensor<C>,
  x: Tensor<C>,
  sources: Int32Array,
): Tensor<C> {
  const copy = copier(arithmetic, out, x);
  for (let i = 0; i < sources.length; i++) copy(i, sources[i] as number);
  return out;
}

/** out[places[i]] = x[i] */
function write<C>(
  arithmetic: Arithmetic<C>,
  out: Tensor<C>,
  x: Tensor<C>,
  places: Int32Array,
): Tensor<C> {
  const copy = copier(arithmetic, out, x);
  for (let i = 0; i < places.length; i++) copy(places[i] as number, i);
  return out;
}

function position(index: readonly number[], steps: readonly number[]): number {
  return index.reduce((total, i, axis) => total + i * (steps[axis] as number), 0);
}
