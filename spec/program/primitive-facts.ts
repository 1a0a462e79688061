/**
 * What an attribute holds: any number; an integer from 0; a list of either; true or false; the name of
 * an element type; the name of a comparison.
 */
export type PrimitiveAttributeKind =
  | 'number'
  | 'natural'
  | 'numbers'
  | 'naturals'
  | 'boolean'
  | 'dtype'
  | 'comparison';

/** The largest error that a numeric contract grants a function. */
export interface Grant {
  /** In units in the last place of the result; 0.5 is rounding to nearest. */
  readonly ulps: number;
  /** So many more for each unit of |x|. @defaultValue 0 */
  readonly ulpsPerUnit?: number;
  /** For arguments in [low, high] 2^exponent, where that is more. */
  readonly absolute?: { readonly exponent: number; readonly low: number; readonly high: number };
}

/** What is known of a primitive apart from its meaning; lists of primitives elsewhere derive from it. */
export interface PrimitiveFacts {
  /**
   * - `unary`, `binary`: elementwise, operands and result of one shape, without attributes;
   * - `elementwise`: other elementwise ones, with a type rule of their own;
   * - `reduction`, `product`: sums and maxima over axes, matrix products;
   * - `moved`: elements change their place and nothing else;
   * - `indexed`: rows are found or added up by indices;
   * - `made`: no operands.
   */
  readonly class:
    | 'unary'
    | 'binary'
    | 'elementwise'
    | 'reduction'
    | 'product'
    | 'moved'
    | 'indexed'
    | 'made';
  /** How many operands it takes; `some` is one or more. */
  readonly operands: 0 | 1 | 2 | 3 | 'some';
  /** What they are called, in order. @defaultValue x, or a and b */
  readonly named?: readonly string[];
  readonly attributes: Readonly<Record<string, PrimitiveAttributeKind>>;
  /** The element types that it computes with: floats and i32 are numbers. */
  readonly takes: 'numbers' | 'floats' | 'bools' | 'any';
  /** Of the result: the type of an operand, always bool, always i32, or that of an attribute. */
  readonly gives: 'operand' | 'bool' | 'i32' | 'attribute';
  /** Whether operands can be exchanged. @defaultValue false */
  readonly commutes?: true;
  /** For functions: the arguments that have a value. @defaultValue all numbers */
  readonly domain?: 'positive' | 'not-negative';
  /** The arguments that cases ask for, where contracts promise nothing of others. @defaultValue all */
  readonly asked?: { readonly low: number; readonly high: number };
  /**
   * For what numeric contracts state an error of: the grants of IEEE contracts and of WGSL's; and of
   * `f32-libm` where that grants more than IEEE contracts do, of operations and of those within what is
   * executed whole.
   */
  readonly accuracy?: {
    readonly ieee: Grant;
    readonly wgsl: Grant;
    readonly libm?: Grant;
    readonly libmWithin?: Grant;
  };
  /** What is written for it by mistake: mutants of programs. @defaultValue none */
  readonly mistakenFor?: readonly string[];
  /** Its clause `op.<name>` of the specification. */
  readonly means: string;
  readonly formula?: string;
}

/**
 * The closed set of primitives. A backend executes these; everything else in the method is composed
 * of them. Names, attributes, type rules of elementwise ones, clauses, accuracies, default cases and
 * mutants derive from this table; what cannot (a gradient, a meaning, a lowering) stands in tables
 * that have an entry for each name, or do not compile.
 *
 * Accuracies of the IEEE contracts are those of the OpenCL C 3.0 specification, section 7.4, full
 * profile, single precision; division and square root are rounded to nearest. Those of WGSL are from its
 * specification, section "Floating Point Accuracy"; where it has no such function, what its builtins
 * compose to. What `f32-libm` grants beyond the former was measured of PyTorch's CPU kernels
 * (docs/decisions, of 2026-11-29).
 */
export const PRIMITIVE_FACTS = {
  add: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'numbers',
    gives: 'operand',
    commutes: true,
    mistakenFor: ['sub', 'mul'],
    means: 'Elementwise sum, rounded as the numeric contract says.',
    formula: 'y = a + b',
  },
  sub: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'numbers',
    gives: 'operand',
    mistakenFor: ['add'],
    means: 'Elementwise difference, rounded as the numeric contract says.',
    formula: 'y = a - b',
  },
  mul: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'numbers',
    gives: 'operand',
    commutes: true,
    mistakenFor: ['div', 'add'],
    means: 'Elementwise product, rounded as the numeric contract says.',
    formula: 'y = a b',
  },
  div: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    accuracy: { ieee: { ulps: 0.5 }, wgsl: { ulps: 2.5 } },
    mistakenFor: ['mul'],
    means: 'Elementwise quotient of floats.',
    formula: 'y = a / b',
  },
  min: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'numbers',
    gives: 'operand',
    commutes: true,
    mistakenFor: ['max'],
    means: 'The lesser operand, exactly.',
    formula: 'y = min(a, b)',
  },
  max: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'numbers',
    gives: 'operand',
    commutes: true,
    mistakenFor: ['min'],
    means: 'The greater operand, exactly.',
    formula: 'y = max(a, b)',
  },
  neg: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'numbers',
    gives: 'operand',
    mistakenFor: ['exp'],
    means: 'The sign is changed, exactly.',
    formula: 'y = -x',
  },
  exp: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    // e^x is a normal float32 number there.
    asked: { low: -85, high: 88 },
    accuracy: {
      ieee: { ulps: 3 },
      wgsl: { ulps: 3, ulpsPerUnit: 2 },
    },
    mistakenFor: ['neg'],
    means: 'The exponential function; infinite above its range.',
    formula: 'y = e^x',
  },
  log: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    domain: 'positive',
    accuracy: {
      ieee: { ulps: 3 },
      wgsl: { ulps: 3, absolute: { exponent: -21, low: 0.5, high: 2 } },
    },
    mistakenFor: ['sqrt'],
    means: 'The natural logarithm of a positive number.',
    formula: 'y = ln x',
  },
  sqrt: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    domain: 'not-negative',
    // In WGSL 1 / inverseSqrt, hence 2 + 2.5 and one rounding.
    // In libraries either neighbour of the root: a step of Newton's without the last correction.
    accuracy: { ieee: { ulps: 0.5 }, wgsl: { ulps: 5 }, libm: { ulps: 1 } },
    mistakenFor: ['rsqrt'],
    means: 'The square root of a number that is not negative.',
    formula: 'y = sqrt(x)',
  },
  rsqrt: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    domain: 'positive',
    accuracy: { ieee: { ulps: 2 }, wgsl: { ulps: 2 } },
    mistakenFor: ['sqrt'],
    means: 'The reciprocal square root of a positive number.',
    formula: 'y = 1 / sqrt(x)',
  },
  erf: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    // WGSL has no erf: composed of + * and exp, its error stays that of OpenCL, since the part with
    // exp(-x^2), wrong by (3 + 2 x^2) ulp, is at most 0.16 of the result where |x| > 1, and a series
    // does without exp below.
    // Libraries evaluate the one in GELU by a formula of absolute error, such as Abramowitz and Stegun
    // 7.1.26 (1.5e-7, and its roundings), where 1 is added to it next. Above 1/2
    // 16 ulp are more.
    accuracy: {
      ieee: { ulps: 16 },
      wgsl: { ulps: 16 },
      libmWithin: { ulps: 16, absolute: { exponent: -21, low: -0.5, high: 0.5 } },
    },
    mistakenFor: ['tanh'],
    means: 'The error function, odd, between -1 and 1.',
    formula: 'y = 2 / sqrt(pi) * integral from 0 to x of e^(-t^2) dt',
  },
  tanh: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'operand',
    // WGSL's own may be off by 1e-5, more than a small argument itself: composed as erf is, with
    // 2 / (e^2x + 1) at most 0.31 of the result where |x| > 1, it keeps OpenCL's error too.
    accuracy: { ieee: { ulps: 5 }, wgsl: { ulps: 5 } },
    mistakenFor: ['erf'],
    means: 'The hyperbolic tangent.',
    formula: 'y = tanh x',
  },
  compare: {
    class: 'elementwise',
    operands: 2,
    attributes: { direction: 'comparison' },
    takes: 'numbers',
    gives: 'bool',
    means: 'eq, ne, lt, le, gt, ge give a bool; -0 equals 0; with NaN only ne holds.',
    formula: 'y = a ? b',
  },
  and: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'bools',
    gives: 'bool',
    commutes: true,
    mistakenFor: ['or'],
    means: 'Both bools hold.',
  },
  or: {
    class: 'binary',
    operands: 2,
    attributes: {},
    takes: 'bools',
    gives: 'bool',
    commutes: true,
    mistakenFor: ['and'],
    means: 'One of the bools holds, or both.',
  },
  not: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'bools',
    gives: 'bool',
    means: 'The bool does not hold.',
  },
  is_finite: {
    class: 'unary',
    operands: 1,
    attributes: {},
    takes: 'floats',
    gives: 'bool',
    means: 'The number, as its type holds it, is neither infinite nor NaN.',
  },
  select: {
    class: 'elementwise',
    operands: 3,
    named: ['c', 'a', 'b'],
    attributes: {},
    takes: 'any',
    gives: 'operand',
    means: 'The element of a where the condition holds, else that of b, unchanged.',
    formula: 'y = c ? a : b',
  },
  cast: {
    class: 'elementwise',
    operands: 1,
    attributes: { dtype: 'dtype' },
    takes: 'any',
    gives: 'attribute',
    means:
      'To another element type: floats to integers cut towards zero, anything but 0 is true, true is 1.',
  },
  reduce_sum: {
    class: 'reduction',
    operands: 1,
    attributes: { axes: 'naturals', keep: 'boolean' },
    takes: 'numbers',
    gives: 'operand',
    mistakenFor: ['reduce_max'],
    means:
      'The sum over the given axes, in any order; 0 where there is nothing to sum. A reduced axis is dropped, or kept with extent 1.',
    formula: 'y = sum x',
  },
  reduce_max: {
    class: 'reduction',
    operands: 1,
    attributes: { axes: 'naturals', keep: 'boolean' },
    takes: 'numbers',
    gives: 'operand',
    mistakenFor: ['reduce_sum'],
    means: 'The largest element over the given axes, exactly.',
    formula: 'y = max x',
  },
  matmul: {
    class: 'product',
    operands: 2,
    attributes: { transpose_a: 'boolean', transpose_b: 'boolean' },
    takes: 'floats',
    gives: 'operand',
    means:
      'The product of matrices in the last two axes, either of them transposed, for each index of the batch axes; sums in any order; 0 where the inner extent is 0.',
    formula: 'y_ij = sum_k a_ik b_kj',
  },
  reshape: {
    class: 'moved',
    operands: 1,
    attributes: { shape: 'naturals' },
    takes: 'any',
    gives: 'operand',
    means: 'The same elements in row-major order under another shape.',
  },
  transpose: {
    class: 'moved',
    operands: 1,
    attributes: { permutation: 'naturals' },
    takes: 'any',
    gives: 'operand',
    means: 'Axis i of the result is axis permutation[i] of the operand.',
  },
  broadcast: {
    class: 'moved',
    operands: 1,
    attributes: { shape: 'naturals' },
    takes: 'any',
    gives: 'operand',
    means: 'Axes aligned at the last; extents of 1 and missing axes are repeated to the shape.',
  },
  slice: {
    class: 'moved',
    operands: 1,
    attributes: { starts: 'naturals', ends: 'naturals' },
    takes: 'any',
    gives: 'operand',
    means: 'The elements from start (included) to end (excluded) on each axis.',
  },
  pad: {
    class: 'moved',
    operands: 1,
    attributes: { low: 'naturals', high: 'naturals', value: 'number' },
    takes: 'any',
    gives: 'operand',
    means: 'The operand with low and high elements of a given value around each axis.',
  },
  concat: {
    class: 'moved',
    operands: 'some',
    attributes: { axis: 'natural' },
    takes: 'any',
    gives: 'operand',
    means: 'The operands one after the other along an axis, empty ones too.',
  },
  gather: {
    class: 'indexed',
    operands: 2,
    named: ['x', 'indices'],
    attributes: { batch: 'natural' },
    takes: 'any',
    gives: 'operand',
    means: 'For each index the row of that number, batch by batch, unchanged.',
    formula: 'y[b, i, ...] = x[b, indices[b, i], ...]',
  },
  scatter_add: {
    class: 'indexed',
    operands: 2,
    named: ['indices', 'u'],
    attributes: { batch: 'natural', size: 'natural' },
    takes: 'floats',
    gives: 'operand',
    means:
      'Each row is added to the row of its index in a table of zeros; rows of one index add up.',
    formula: 'y[b, j, ...] = sum over i with indices[b, i] = j of u[b, i, ...]',
  },
  iota: {
    class: 'made',
    operands: 0,
    attributes: { shape: 'naturals', axis: 'natural' },
    takes: 'any',
    gives: 'i32',
    means: 'The index along an axis, as i32.',
  },
  /** A literal of at most MAX_LITERAL elements. */
  constant: {
    class: 'made',
    operands: 0,
    attributes: { dtype: 'dtype', shape: 'naturals', data: 'numbers' },
    takes: 'any',
    gives: 'attribute',
    means: 'The given elements, rounded to the element type.',
  },
} as const;
