import { LacunaError } from '../../spec/errors.js';
import {
  type ElementwiseName,
  elementCount,
  FUNCTION_NAMES,
  type FunctionName,
  isFloat,
  type TensorType,
  tableOf,
} from '../../spec/program/index.js';
import type { Arithmetic } from '../arithmetic.js';
import { compareNumbers } from '../float64.js';
import {
  type ExactTensor,
  exactZeros,
  type FloatTensor,
  isFloatTensor,
  isUnsure,
  markUnsure,
  type Tensor,
  zeros,
} from '../tensor.js';
import { exactOperand, floatOperand, floatZeros, operand, type Rule, type Rules } from './rule.js';

type Arithmetical = 'add' | 'sub' | 'mul' | 'min' | 'max';

const add: Rule<'add'> = (run) => binary('add', (a, b) => (a + b) | 0, run);
const sub: Rule<'sub'> = (run) => binary('sub', (a, b) => (a - b) | 0, run);
const mul: Rule<'mul'> = (run) => binary('mul', Math.imul, run);
const min: Rule<'min'> = (run) => binary('min', Math.min, run);
const max: Rule<'max'> = (run) => binary('max', Math.max, run);

const div: Rule<'div'> = ({ arithmetic, operands, type }) => {
  const out = floatZeros(arithmetic, type);
  const [a, b] = [floatOperand(operands, 0), floatOperand(operands, 1)];
  forEach(type, (i) => arithmetic.div(out.column, a.column, b.column, i));
  return out;
};

const neg: Rule<'neg'> = ({ arithmetic, operands, type }) => {
  const x = operand(operands, 0);
  if (!isFloatTensor(x)) return mapExact(type, [x], (a) => -a | 0);
  const out = floatZeros(arithmetic, type);
  forEach(type, (i) => arithmetic.neg(out.column, x.column, i));
  return out;
};

/** Functions are of the arithmetic. */
const FUNCTIONS: Rules<FunctionName> = tableOf(FUNCTION_NAMES, library);

const compare: Rule<'compare'> = ({ arithmetic, operands, attributes: { direction }, type }) => {
  const [a, b] = [operand(operands, 0), operand(operands, 1)];
  if (!isFloatTensor(a) || !isFloatTensor(b)) {
    return mapExact(type, exactOperands(operands), (x, y) =>
      compareNumbers(direction, x, y) ? 1 : 0,
    );
  }
  return decide(type, (i) => arithmetic.compare(direction, a.column, b.column, i));
};

const is_finite: Rule<'is_finite'> = ({ arithmetic, operands, type }) => {
  const x = floatOperand(operands, 0);
  return decide(type, (i) => arithmetic.isFinite(x.column, i));
};

const and: Rule<'and'> = ({ operands, type }) => {
  const [a, b] = [exactOperand(operands, 0), exactOperand(operands, 1)];
  const isFalse = (x: ExactTensor, i: number): boolean => x.data[i] === 0 && !isUnsure(x, i);
  return decide(type, (i) => {
    if (isFalse(a, i) || isFalse(b, i)) return false;
    return isUnsure(a, i) || isUnsure(b, i) ? undefined : true;
  });
};

const or: Rule<'or'> = ({ operands, type }) => {
  const [a, b] = [exactOperand(operands, 0), exactOperand(operands, 1)];
  const isTrue = (x: ExactTensor, i: number): boolean => x.data[i] === 1 && !isUnsure(x, i);
  return decide(type, (i) => {
    if (isTrue(a, i) || isTrue(b, i)) return true;
    return isUnsure(a, i) || isUnsure(b, i) ? undefined : false;
  });
};

const not: Rule<'not'> = ({ operands, type }) =>
  mapExact(type, exactOperands(operands), (a) => 1 - a);

const select: Rule<'select'> = ({ arithmetic, operands, type }) => {
  const condition = exactOperand(operands, 0);
  const [a, b] = [operand(operands, 1), operand(operands, 2)];
  const out = zeros(arithmetic, type);
  forEach(type, (i) => {
    const [x, y] = condition.data[i] === 1 ? [a, b] : [b, a];
    if (isFloatTensor(out) && isFloatTensor(x) && isFloatTensor(y)) {
      if (isUnsure(condition, i)) arithmetic.either(out.column, x.column, y.column, i);
      else arithmetic.copy(out.column, i, x.column, i);
    } else if (!isFloatTensor(out) && !isFloatTensor(x) && !isFloatTensor(y)) {
      out.data[i] = x.data[i] as number;
      const open = isUnsure(condition, i) && (x.data[i] !== y.data[i] || isUnsure(y, i));
      if (open || isUnsure(x, i)) markUnsure(out, i);
    }
  });
  return out;
};

/** Float to integer cuts towards zero; a result that the integer type does not have is an error. */
const cast: Rule<'cast'> = ({ arithmetic, operands, attributes: { dtype }, type }) => {
  const x = operand(operands, 0);
  if (isFloat(dtype)) {
    if (!isFloatTensor(x)) return floatsOfExact(arithmetic, x, { dtype, shape: type.shape });
    const out = floatZeros(arithmetic, type);
    forEach(type, (i) => arithmetic.convert(out.column, x.column, i));
    return out;
  }
  const out = exactZeros(type);
  const values = isFloatTensor(x) ? arithmetic.values(x.column) : x.data;
  forEach(type, (i) => {
    const value = values[i] as number;
    const certain = isFloatTensor(x) ? isCertain(arithmetic, x, dtype, i) : !isUnsure(x, i);
    out.data[i] = dtype === 'bool' ? Number(value !== 0) : integer(dtype, value, certain);
    if (!certain) markUnsure(out, i);
  });
  return out;
};

export const ELEMENTWISE: Rules<ElementwiseName> = {
  add,
  sub,
  mul,
  div,
  min,
  max,
  neg,
  ...FUNCTIONS,
  compare,
  and,
  or,
  not,
  is_finite,
  select,
  cast,
};

interface Elementwise<C> {
  readonly arithmetic: Arithmetic<C>;
  readonly operands: readonly Tensor<C>[];
  readonly type: TensorType;
}

function library(name: FunctionName): Rule<FunctionName> {
  return ({ arithmetic, operands, type }) => {
    const out = floatZeros(arithmetic, type);
    const x = floatOperand(operands, 0);
    forEach(type, (i) => arithmetic.library(name, out.column, x.column, i));
    return out;
  };
}

function binary<C>(
  op: Arithmetical,
  integers: (a: number, b: number) => number,
  { arithmetic, operands, type }: Elementwise<C>,
): Tensor<C> {
  const [a, b] = [operand(operands, 0), operand(operands, 1)];
  if (!isFloatTensor(a) || !isFloatTensor(b)) {
    return mapExact(type, exactOperands(operands), integers);
  }
  const out = floatZeros(arithmetic, type);
  // Looked up once: to find a method by a name that changes took as long as to add two numbers.
  const apply = arithmetic[op];
  const [to, x, y] = [out.column, a.column, b.column];
  forEach(type, (i) => apply.call(arithmetic, to, x, y, i));
  return out;
}

/** apply(a[i], b[i], ...) on exact tensors; unsure where an operand is. */
function mapExact(
  type: TensorType,
  operands: readonly ExactTensor[],
  apply: (a: number, b: number) => number,
): ExactTensor {
  const out = exactZeros(type);
  const [a, b = a] = operands;
  if (a === undefined || b === undefined) return out;
  forEach(type, (i) => {
    out.data[i] = apply(a.data[i] as number, b.data[i] as number);
    if (isUnsure(a, i) || isUnsure(b, i)) markUnsure(out, i);
  });
  return out;
}

/** Bools of a question that may stay open. */
function decide(type: TensorType, question: (i: number) => boolean | undefined): ExactTensor {
  const out = exactZeros(type);
  forEach(type, (i) => {
    const answer = question(i);
    out.data[i] = answer === true ? 1 : 0;
    if (answer === undefined) markUnsure(out, i);
  });
  return out;
}

/** Numbers of integers or bools; an unsure bool is either 0 or 1. */
function floatsOfExact<C>(
  arithmetic: Arithmetic<C>,
  x: ExactTensor,
  type: TensorType & Pick<FloatTensor<C>, 'dtype'>,
): FloatTensor<C> {
  const { dtype, shape } = type;
  const column = arithmetic.load(x.data, dtype);
  if (x.unsure !== undefined && x.dtype === 'bool') {
    const flipped = arithmetic.load(
      x.data.map((bit) => 1 - bit),
      dtype,
    );
    forEach(type, (i) => {
      if (isUnsure(x, i)) arithmetic.either(column, column, flipped, i);
    });
  }
  return { dtype, shape, column };
}

/** Whether every legal backend gives one integer (or bool) for x[i]. */
function isCertain<C>(
  arithmetic: Arithmetic<C>,
  x: FloatTensor<C>,
  dtype: ExactTensor['dtype'],
  i: number,
): boolean {
  if (dtype !== 'bool') return arithmetic.truncate(x.column, i) !== undefined;
  const zero = arithmetic.allocate(i + 1, x.dtype);
  return arithmetic.compare('ne', x.column, zero, i) !== undefined;
}

function integer(dtype: 'i32' | 'u8', value: number, certain: boolean): number {
  const cut = Math.trunc(value);
  const [low, high] = dtype === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 255];
  if (certain && !(cut >= low && cut <= high)) {
    throw new LacunaError({
      what: `a number is outside ${dtype}`,
      got: String(value),
      expected: `[${low}, ${high}]`,
    });
  }
  return cut;
}

function exactOperands<C>(operands: readonly Tensor<C>[]): ExactTensor[] {
  return operands.map((_, index) => exactOperand(operands, index));
}

function forEach({ shape }: TensorType, visit: (i: number) => void): void {
  const count = elementCount(shape);
  for (let i = 0; i < count; i++) visit(i);
}
