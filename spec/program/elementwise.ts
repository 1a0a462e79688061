import { LacunaError } from '../errors.js';
import type { ProgramBuilder, Value } from './builder.js';
import type { Comparison, DType } from './element-type.js';
import type { BinaryName, UnaryName } from './primitive-names.js';
import { broadcast } from './shape.js';
import { formatType, type Shape, sameShape } from './types.js';

/** A value, or a number that becomes a constant of the other operand's type. */
export type Operand = Value | number;

/** a + b. Operands are stretched to one shape, aligned at the last axis, as in NumPy. */
export const add = (a: Operand, b: Operand): Value => binary('add', a, b);
/** a - b, stretched as `add`. */
export const sub = (a: Operand, b: Operand): Value => binary('sub', a, b);
/** a * b, stretched as `add`. */
export const mul = (a: Operand, b: Operand): Value => binary('mul', a, b);
/** a / b, stretched as `add`; floats only. */
export const div = (a: Operand, b: Operand): Value => binary('div', a, b);
/** The smaller of a and b, stretched as `add`. */
export const min = (a: Operand, b: Operand): Value => binary('min', a, b);
/** The larger of a and b, stretched as `add`. */
export const max = (a: Operand, b: Operand): Value => binary('max', a, b);
/** a and b, both bool. */
export const and = (a: Value, b: Value): Value => binary('and', a, b);
/** a or b, both bool. */
export const or = (a: Value, b: Value): Value => binary('or', a, b);

export const neg = (x: Value): Value => unary('neg', x);
/** e^x */
export const exp = (x: Value): Value => unary('exp', x);
/** The natural logarithm. */
export const log = (x: Value): Value => unary('log', x);
export const sqrt = (x: Value): Value => unary('sqrt', x);
/** 1 / sqrt(x) */
export const rsqrt = (x: Value): Value => unary('rsqrt', x);
/** erf(x) = 2 / sqrt(pi) * integral of e^(-t^2) from 0 to x */
export const erf = (x: Value): Value => unary('erf', x);
export const tanh = (x: Value): Value => unary('tanh', x);
/** The opposite of a bool. */
export const not = (x: Value): Value => unary('not', x);
/** Whether x is neither infinite nor NaN, as bool. */
export const finite = (x: Value): Value => unary('is_finite', x);
/** x^2 */
export const square = (x: Value): Value => mul(x, x);

/** Whether `a direction b`, as bool, stretched as `add`. Every comparison with NaN but `ne` is false. */
export function compare(a: Operand, direction: Comparison, b: Operand): Value {
  const [left, right] = stretched(a, b);
  return left.builder.primitive('compare', [left, right], { direction });
}

/** a where the condition holds, b elsewhere; all stretched to one shape. */
export function select(condition: Value, a: Operand, b: Operand): Value {
  const [left, right] =
    typeof a === 'number' && typeof b === 'number'
      ? [constant(condition.builder, a), constant(condition.builder, b)]
      : lifted(a, b);
  const shape = stretchedShape([condition, left, right]);
  const operands = [condition, left, right].map((value) => broadcast(value, shape));
  return condition.builder.primitive('select', operands, {});
}

/** x converted to `dtype`; float to integer cuts towards zero; no operation where it has the type. */
export function cast(x: Value, dtype: DType): Value {
  return x.dtype === dtype ? x : x.builder.primitive('cast', [x], { dtype });
}

/** A literal; a number makes a scalar. `dtype` defaults to the builder's float type. */
export function constant(
  builder: ProgramBuilder,
  data: number | readonly number[],
  options: { readonly dtype?: DType; readonly shape?: Shape } = {},
): Value {
  const list = typeof data === 'number' ? [data] : data;
  const shape = options.shape ?? (typeof data === 'number' ? [] : [data.length]);
  const dtype = options.dtype ?? builder.float;
  return builder.primitive('constant', [], { dtype, shape, data: list });
}

/** [0, 1, 2, ...] along `axis`, as i32. */
export function iota(builder: ProgramBuilder, shape: Shape, axis: number): Value {
  return builder.primitive('iota', [], { shape, axis });
}

function unary(op: UnaryName, x: Value): Value {
  return x.builder.primitive(op, [x], {});
}

function binary(op: BinaryName, a: Operand, b: Operand): Value {
  const [left, right] = stretched(a, b);
  return left.builder.primitive(op, [left, right], {});
}

function stretched(a: Operand, b: Operand): [Value, Value] {
  const [left, right] = lifted(a, b);
  const shape = stretchedShape([left, right]);
  return [broadcast(left, shape), broadcast(right, shape)];
}

function lifted(a: Operand, b: Operand): [Value, Value] {
  if (typeof a === 'number') {
    if (typeof b === 'number') {
      throw new LacunaError({ what: 'both operands are plain numbers', got: `${a} and ${b}` });
    }
    return [constant(b.builder, a, { dtype: b.dtype }), b];
  }
  return [a, typeof b === 'number' ? constant(a.builder, b, { dtype: a.dtype }) : b];
}

function stretchedShape(values: readonly Value[]): Shape {
  const rank = Math.max(...values.map((value) => value.shape.length));
  const shape = Array.from({ length: rank }, (_, axis) => {
    const extents = values.map((value) => value.shape[axis - rank + value.shape.length] ?? 1);
    return extents.find((extent) => extent !== 1) ?? 1;
  });
  const fits = ({ shape: own }: Value): boolean =>
    own.every((extent, axis) => extent === 1 || extent === shape[axis + rank - own.length]);
  if (values.every(fits) || values.every((value) => sameShape(value.shape, shape))) return shape;
  throw new LacunaError({
    what: 'shapes cannot be stretched to one another',
    got: values.map((value) => `${value.name}: ${formatType(value)}`).join(', '),
    expected: 'extents that are equal or 1, aligned at the last axis',
  });
}
