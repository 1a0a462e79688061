import type { DType, Operation, Primitive, PrimitiveName } from '../../../spec/program/index.js';

type ElementwiseName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'min'
  | 'max'
  | 'neg'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'rsqrt'
  | 'erf'
  | 'tanh'
  | 'compare'
  | 'and'
  | 'or'
  | 'not'
  | 'is_finite'
  | 'select'
  | 'cast';

/** About how many additions each takes. */
const COSTS: Readonly<Record<ElementwiseName, number>> = {
  add: 1,
  sub: 1,
  mul: 1,
  div: 2,
  min: 1,
  max: 1,
  neg: 1,
  exp: 4,
  log: 4,
  sqrt: 2,
  rsqrt: 2,
  erf: 14,
  tanh: 8,
  compare: 1,
  and: 1,
  or: 1,
  not: 1,
  is_finite: 1,
  select: 1,
  cast: 1,
};

export function isElementwise(operation: Operation): operation is Primitive<ElementwiseName> {
  return Object.hasOwn(COSTS, operation.op);
}

export function elementwiseCost(operation: Primitive<ElementwiseName>): number {
  return COSTS[operation.op];
}

const COMPARISONS = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' } as const;

/**
 * The expression of an elementwise operation.
 *
 * @param helper Makes a function available and gives its name.
 */
export function elementwiseCode(
  operation: Primitive<ElementwiseName>,
  operands: readonly string[],
  types: readonly DType[],
  helper: (name: string) => string,
): string {
  const [a, b, c] = operands as readonly [string, string, string];
  switch (operation.op) {
    case 'add':
      return `${a} + ${b}`;
    case 'sub':
      return `${a} - ${b}`;
    case 'mul':
      return `${a} * ${b}`;
    case 'div':
      return `${a} / ${b}`;
    case 'and':
      return `${a} && ${b}`;
    case 'or':
      return `${a} || ${b}`;
    case 'not':
      return `!${a}`;
    case 'neg':
      return `-${bracketed(a)}`;
    case 'min':
    case 'max':
      return `${operation.op}(${a}, ${b})`;
    case 'exp':
    case 'log':
    case 'sqrt':
      return `${operation.op}(${a})`;
    case 'rsqrt':
      return `inverseSqrt(${a})`;
    case 'erf':
      return `${helper('erf')}(${a})`;
    case 'tanh':
      return `${helper('tanh_of')}(${a})`;
    case 'is_finite':
      return `${helper('is_finite')}(${a})`;
    case 'compare':
      return `${a} ${COMPARISONS[operation.attributes.direction]} ${b}`;
    case 'select':
      return `select(${c}, ${b}, ${a})`;
    case 'cast':
      return cast(a, types[0] as DType, operation.attributes.dtype);
    default:
      return operation satisfies never;
  }
}

function bracketed(code: string): string {
  return /^\w+$/.test(code) ? code : `(${code})`;
}

function cast(x: string, from: DType, to: DType): string {
  if (from === to) return x;
  const kind = (dtype: DType): PrimitiveCast =>
    dtype === 'bool' ? 'bool' : dtype === 'i32' ? 'i32' : dtype === 'u8' ? 'u32' : 'f32';
  const [source, target] = [kind(from), kind(to)];
  if (target === 'bool') return `${bracketed(x)} != ${source}(0)`;
  if (source === 'bool') return `select(${target}(0), ${target}(1), ${x})`;
  // Through i32, so that a number and its byte have the same low bits.
  if (to === 'u8') return `u32(${source === 'i32' ? x : `i32(${x})`}) & 0xffu`;
  return `${target}(${x})`;
}

type PrimitiveCast = 'bool' | 'i32' | 'u32' | 'f32';

/** Operations that only say where an element lies. */
export const VIEW_OPERATIONS: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  'reshape',
  'transpose',
  'broadcast',
  'slice',
]);
