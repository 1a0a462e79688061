import {
  type DType,
  type ElementwiseName,
  isElementwiseName,
  type Operation,
  type Primitive,
  type PrimitiveName,
} from '../../../spec/program/index.js';

/** Makes a function of `HELPERS` available and gives its name. */
type Helper = (name: string) => string;

/** How an elementwise operation is written. */
interface Element<K extends ElementwiseName> {
  /** About how many additions it takes. */
  readonly cost: number;
  readonly code: (operands: Operands, operation: Primitive<K>, helper: Helper) => string;
}

/** The expressions of the operands, and the type of the first. */
interface Operands {
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly type: DType;
}

const COMPARISONS = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' } as const;

const ELEMENTS: { readonly [K in ElementwiseName]: Element<K> } = {
  add: { cost: 1, code: ({ a, b }) => `${a} + ${b}` },
  sub: { cost: 1, code: ({ a, b }) => `${a} - ${b}` },
  mul: { cost: 1, code: ({ a, b }) => `${a} * ${b}` },
  div: { cost: 2, code: ({ a, b }) => `${a} / ${b}` },
  min: { cost: 1, code: ({ a, b }) => `min(${a}, ${b})` },
  max: { cost: 1, code: ({ a, b }) => `max(${a}, ${b})` },
  neg: { cost: 1, code: ({ a }) => `-${bracketed(a)}` },
  exp: { cost: 4, code: ({ a }) => `exp(${a})` },
  log: { cost: 4, code: ({ a }) => `log(${a})` },
  sqrt: { cost: 2, code: ({ a }) => `sqrt(${a})` },
  rsqrt: { cost: 2, code: ({ a }) => `inverseSqrt(${a})` },
  erf: { cost: 14, code: ({ a }, _, helper) => `${helper('erf')}(${a})` },
  tanh: { cost: 8, code: ({ a }, _, helper) => `${helper('tanh_of')}(${a})` },
  compare: {
    cost: 1,
    code: ({ a, b }, { attributes }) => `${a} ${COMPARISONS[attributes.direction]} ${b}`,
  },
  and: { cost: 1, code: ({ a, b }) => `${a} && ${b}` },
  or: { cost: 1, code: ({ a, b }) => `${a} || ${b}` },
  not: { cost: 1, code: ({ a }) => `!${a}` },
  is_finite: { cost: 1, code: ({ a }, _, helper) => `${helper('is_finite')}(${a})` },
  select: { cost: 1, code: ({ a, b, c }) => `select(${c}, ${b}, ${a})` },
  cast: { cost: 1, code: ({ a, type }, { attributes }) => cast(a, type, attributes.dtype) },
};

export function isElementwise(operation: Operation): operation is Primitive<ElementwiseName> {
  return operation.op !== 'call' && isElementwiseName(operation.op);
}

export function elementwiseCost(operation: Primitive<ElementwiseName>): number {
  return ELEMENTS[operation.op].cost;
}

/** The expression of an elementwise operation. */
export function elementwiseCode(
  operation: Primitive<ElementwiseName>,
  operands: readonly string[],
  types: readonly DType[],
  helper: Helper,
): string {
  const [a, b, c] = operands as readonly [string, string, string];
  const { code } = ELEMENTS[operation.op] as Element<ElementwiseName>;
  return code({ a, b, c, type: types[0] as DType }, operation, helper);
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
