import {
  ADAMW,
  ATTENTION,
  ATTENTION_GRAD,
  add,
  COMPARISONS,
  CROSS_ENTROPY,
  CROSS_ENTROPY_GRAD,
  cast,
  compare,
  constant,
  type DType,
  div,
  elementCount,
  FUNCTION_NAMES,
  type FunctionName,
  factsOf,
  finite,
  GELU,
  GELU_GRAD,
  inferType,
  isFloat,
  LAYER_NORM,
  LAYER_NORM_GRAD,
  max,
  min,
  mul,
  neg,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Shape,
  SOFTMAX,
  SOFTMAX_GRAD,
  select,
  square,
  sub,
  tableOf,
  tanh,
  type Value,
} from '../../spec/program/index.js';
import type { Draft } from './random-program.js';

/** Adds an operation, with what its operands need, to a draft; or nothing where that is not possible. */
export type Maker = (draft: Draft) => void;

const isNumber = ({ dtype }: Value): boolean => isFloat(dtype) || dtype === 'i32';
const isBool = ({ dtype }: Value): boolean => dtype === 'bool';
const nonEmptyRows = (shape: Shape): boolean => shape.length > 0 && shape.at(-1) !== 0;

/** The argument of a function, away from overflow and poles where the program shall be tame. */
function tamed(name: FunctionName, x: Value): Value {
  if (name === 'exp') return min(x, 2);
  return factsOf(name).domain === undefined ? x : positive(x);
}

/** How each primitive is drawn. The table has an entry for each, or does not compile. */
const PRIMITIVE_MAKERS: { readonly [K in PrimitiveName]: Maker } = {
  add: binary(add),
  sub: binary(sub),
  mul: binary((a, b, tame) => (tame && isFloat(a.dtype) ? mul(tanh(a), tanh(b)) : mul(a, b))),
  div: (draft) => {
    const a = draft.pickFloat();
    const b = draft.like(a);
    draft.add(div(a, draft.tame ? positive(b) : b));
  },
  min: binary(min),
  max: binary(max),
  neg: (draft) => draft.add(neg(number(draft))),
  ...tableOf(FUNCTION_NAMES, (name) =>
    unary((x, tame) => x.builder.primitive(name, [tame ? tamed(name, x) : x], {})),
  ),
  is_finite: unary((x) => finite(x)),
  compare: binary((a, b, _, draft) => compare(a, draft.choices.of(COMPARISONS), b)),
  and: (draft) => logical(draft, 'and'),
  or: (draft) => logical(draft, 'or'),
  not: (draft) => draft.add(draft.builder.primitive('not', [bool(draft)], {})),
  select: (draft) => {
    const a = draft.pick(
      (value) => value.dtype !== 'u8',
      () => ({ dtype: draft.float(), shape: draft.shape() }),
    );
    draft.add(select(draft.of({ dtype: 'bool', shape: a.shape }), a, draft.like(a)));
  },
  cast: (draft) => {
    const x = any(draft);
    draft.add(safeCast(x, draft.dtype()));
  },
  reduce_sum: (draft) => {
    const x = number(draft);
    apply(draft, 'reduce_sum', [x], { axes: someAxes(draft, x.shape), keep: draft.choices.flip() });
  },
  reduce_max: (draft) => {
    const x = number(draft);
    const axes = someAxes(draft, x.shape).filter((axis) => x.shape[axis] !== 0);
    apply(draft, 'reduce_max', [x], { axes, keep: draft.choices.flip() });
  },
  matmul: (draft) => {
    const a = draft.pickFloat((shape) => shape.length > 1, [2, 3]);
    const { choices } = draft;
    const [transposeA, transposeB] = [choices.flip(), choices.flip()];
    const inner = a.shape.at(transposeA ? -2 : -1) as number;
    const columns = choices.of([3, 1, 2, 0]);
    const matrix = transposeB ? [columns, inner] : [inner, columns];
    const b = draft.of({ dtype: a.dtype, shape: [...a.shape.slice(0, -2), ...matrix] });
    apply(draft, 'matmul', [a, b], { transpose_a: transposeA, transpose_b: transposeB });
  },
  reshape: (draft) => {
    const x = any(draft);
    const count = elementCount(x.shape);
    const shapes = [
      [count],
      [1, count],
      [...x.shape].reverse(),
      [...x.shape, 1],
      x.shape,
      ...(count === 0
        ? [
            [2, 0],
            [0, 3],
          ]
        : []),
      ...(x.shape.length > 1 ? [[-1, ...x.shape.slice(2)]] : []),
    ];
    const [first = 0, second = 0] = x.shape;
    const shape = draft.choices
      .of(shapes)
      .map((extent) => (extent === -1 ? first * second : extent));
    apply(draft, 'reshape', [x], { shape });
  },
  transpose: (draft) => {
    const x = any(draft);
    const left = x.shape.map((_, axis) => axis);
    const permutation = x.shape.map(
      () => left.splice(draft.choices.below(left.length), 1)[0] as number,
    );
    apply(draft, 'transpose', [x], { permutation });
  },
  broadcast: (draft) => {
    const x = notBytes(draft);
    const stretched = x.shape.map((extent) =>
      extent === 1 ? draft.choices.of([3, 1, 0]) : extent,
    );
    const shape = draft.choices.flip() ? [draft.choices.of([2, 1, 0]), ...stretched] : stretched;
    apply(draft, 'broadcast', [x], { shape });
  },
  slice: (draft) => {
    const x = any(draft);
    const starts = x.shape.map((extent) => draft.choices.below(extent + 1));
    const ends = x.shape.map((extent, axis) => {
      const start = starts[axis] as number;
      return extent - draft.choices.below(extent - start + 1);
    });
    apply(draft, 'slice', [x], { starts, ends });
  },
  pad: (draft) => {
    const x = notBytes(draft);
    const amounts = (): number[] => x.shape.map(() => draft.choices.of([1, 0, 2]));
    const value = literal(draft, x.dtype);
    apply(draft, 'pad', [x], { low: amounts(), high: amounts(), value });
  },
  concat: (draft) => {
    const x = draft.pick(
      ({ dtype, shape }) => dtype !== 'u8' && shape.length > 0,
      () => ({ dtype: draft.float(), shape: [2, 3] }),
    );
    const axis = draft.choices.below(x.shape.length);
    const fits = ({ dtype, shape }: Value): boolean =>
      dtype === x.dtype &&
      shape.length === x.shape.length &&
      shape.every((extent, a) => a === axis || extent === x.shape[a]);
    const others = Array.from({ length: draft.choices.below(3) }, () => draft.pick(fits, () => x));
    apply(draft, 'concat', [x, ...others], { axis });
  },
  gather: (draft) => {
    const x = draft.pick(
      ({ shape }) => shape.length > 0,
      () => ({ dtype: draft.float(), shape: [3, 2] }),
    );
    const batch = draft.choices.below(x.shape.length);
    const extent = x.shape[batch] as number;
    const own = extent === 0 ? [0] : draft.choices.of([[2], [], [3, 1], [0]]);
    const indices = indexValue(draft, [...x.shape.slice(0, batch), ...own], extent);
    if (indices !== undefined) apply(draft, 'gather', [x, indices], { batch });
  },
  scatter_add: (draft) => {
    const updates = draft.pickFloat();
    const rank = draft.choices.below(updates.shape.length + 1);
    const batch = draft.choices.below(rank + 1);
    const size = draft.choices.of([3, 1, 5]);
    const indices = indexValue(draft, updates.shape.slice(0, rank), size);
    if (indices !== undefined) apply(draft, 'scatter_add', [indices, updates], { batch, size });
  },
  iota: (draft) => {
    const shape = [...draft.shape(), draft.choices.of([3, 1, 0])];
    apply(draft, 'iota', [], { shape, axis: draft.choices.below(shape.length) });
  },
  constant: (draft) => {
    const dtype = draft.dtype();
    const shape = draft.shape();
    const data = Array.from({ length: elementCount(shape) }, () => literal(draft, dtype));
    draft.add(constant(draft.builder, data, { dtype, shape }));
  },
};

/** How each primitive and composite is drawn, by name. */
export const MAKERS: Readonly<Record<string, Maker>> = {
  ...PRIMITIVE_MAKERS,
  softmax: (draft) => {
    const x = draft.pickFloat(nonEmptyRows, [2, 3]);
    added(draft, draft.builder.call(SOFTMAX, [x], {}));
  },
  softmax_grad: (draft) => {
    const y = draft.pickFloat(nonEmptyRows, [2, 3]);
    added(draft, draft.builder.call(SOFTMAX_GRAD, [y, draft.like(y)], {}));
  },
  gelu: unary((x) => x.builder.call(GELU, [x], {})[0] as Value),
  gelu_grad: unary((x, _, draft) => x.builder.call(GELU_GRAD, [x, draft.like(x)], {})[0] as Value),
  layer_norm: (draft) => {
    const x = draft.pickFloat(nonEmptyRows, [2, 3]);
    const row = { dtype: x.dtype, shape: x.shape.slice(-1) };
    const eps = draft.choices.of([1e-6, 1e-12, 1e-5]);
    added(draft, draft.builder.call(LAYER_NORM, [x, draft.of(row), draft.of(row)], { eps }));
  },
  layer_norm_grad: (draft) => {
    const x = draft.pickFloat(nonEmptyRows, [2, 3]);
    const gamma = draft.of({ dtype: x.dtype, shape: x.shape.slice(-1) });
    const column = { dtype: x.dtype, shape: [...x.shape.slice(0, -1), 1] };
    const operands = [x, gamma, draft.of(column), draft.of(column), draft.like(x)];
    added(draft, draft.builder.call(LAYER_NORM_GRAD, operands, {}));
  },
  attention: (draft) => {
    const { operands, bias } = heads(draft);
    added(draft, draft.builder.call(ATTENTION, [...operands, ...bias], { scale: 0.5 }));
  },
  attention_grad: (draft) => {
    const { operands, bias } = heads(draft);
    const [q] = operands as [Value];
    const given = [...operands, draft.like(q), draft.like(q), ...bias];
    added(draft, draft.builder.call(ATTENTION_GRAD, given, { scale: 0.5 }));
  },
  cross_entropy: (draft) => {
    const { logits, labels } = rows(draft);
    added(draft, draft.builder.call(CROSS_ENTROPY, [logits, labels], {}));
  },
  cross_entropy_grad: (draft) => {
    const { logits, labels } = rows(draft);
    const loss = draft.of({ dtype: logits.dtype, shape: labels.shape });
    added(draft, draft.builder.call(CROSS_ENTROPY_GRAD, [logits, labels, loss], {}));
  },
  adamw: (draft) => {
    const p = draft.pickFloat();
    const [m, v, g] = [draft.like(p), draft.like(p), draft.like(p)];
    const scalar = (): Value => {
      const x = draft.of({ dtype: p.dtype, shape: [] });
      return draft.tame ? positive(x) : x;
    };
    const operands = [p, m, draft.tame ? square(v) : v, g, scalar(), scalar(), scalar()];
    const [decay, lr_scale] = [draft.choices.of([0.05, 0]), draft.choices.of([1, 0.1])];
    const attributes = { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay, lr_scale };
    added(draft, draft.builder.call(ADAMW, operands, attributes));
  },
};

function apply<K extends PrimitiveName>(
  draft: Draft,
  op: K,
  operands: readonly Value[],
  attributes: PrimitiveAttributes[K],
): void {
  const type = inferType(op, operands, attributes);
  draft.addSmall(type, () => draft.builder.primitive(op, operands, attributes));
}

function added(draft: Draft, values: readonly Value[]): void {
  for (const value of values) draft.add(value);
}

function unary(make: (x: Value, tame: boolean, draft: Draft) => Value): Maker {
  return (draft) => {
    draft.add(make(draft.pickFloat(), draft.tame, draft));
  };
}

/** Both operands of one type, or the second a row or a column of it, or a number. */
function binary(make: (a: Value, b: Value, tame: boolean, draft: Draft) => Value): Maker {
  return (draft) => {
    const a = number(draft);
    const { dtype, shape } = a;
    const column = shape.map((extent, axis) => (axis === shape.length - 1 ? 1 : extent));
    const b = draft.choices.of([
      (): Value => draft.like(a),
      (): Value => draft.of({ dtype, shape: shape.slice(1) }),
      (): Value => draft.of({ dtype, shape: column }),
      (): Value => constant(draft.builder, literal(draft, dtype), { dtype }),
    ])();
    const [left, right] = draft.choices.flip() ? [b, a] : [a, b];
    draft.add(make(left, right, draft.tame, draft));
  };
}

function logical(draft: Draft, op: 'and' | 'or'): void {
  const a = bool(draft);
  draft.add(draft.builder.primitive(op, [a, draft.like(a)], {}));
}

function bool(draft: Draft): Value {
  return draft.pick(isBool, () => ({ dtype: 'bool', shape: draft.shape() }));
}

function number(draft: Draft): Value {
  const otherwise = (): { dtype: DType; shape: Shape } => ({ dtype: 'i32', shape: draft.shape() });
  return draft.pick(isNumber, otherwise);
}

function any(draft: Draft): Value {
  return draft.choices.below(8) === 7
    ? draft.input({ dtype: draft.dtype(), shape: draft.shape() })
    : draft.pick(
        () => true,
        () => ({ dtype: draft.float(), shape: draft.shape() }),
      );
}

/** u8 is for inputs, casts and the moving about of elements. */
function notBytes(draft: Draft): Value {
  return draft.pick(
    ({ dtype }) => dtype !== 'u8',
    () => ({ dtype: draft.float(), shape: draft.shape() }),
  );
}

/** |x| + 1/2 */
function positive(x: Value): Value {
  return add(max(x, neg(x)), 0.5);
}

/** A cast whose result exists: floats are made finite, numbers brought into the integers' range. */
function safeCast(x: Value, dtype: DType): Value {
  if (x.dtype === dtype || isFloat(dtype) || dtype === 'bool') return cast(x, dtype);
  if (x.dtype === 'bool' || (x.dtype === 'u8' && dtype === 'i32')) return cast(x, dtype);
  const whole = isFloat(x.dtype) ? select(finite(x), x, 0) : x;
  return cast(max(min(whole, 100), dtype === 'u8' ? 0 : -100), dtype);
}

function someAxes(draft: Draft, shape: Shape): number[] {
  return shape.map((_, axis) => axis).filter(() => draft.choices.flip());
}

function literal(draft: Draft, dtype: DType): number {
  const { choices, tame } = draft;
  if (dtype === 'bool') return choices.below(2);
  if (dtype === 'u8') return choices.of([0, 1, 255, 128]);
  if (dtype === 'i32') return choices.of([0, 1, -1, 7, ...(tame ? [] : [2 ** 31 - 1, -(2 ** 31)])]);
  const numbers = [0, 1, -0, 0.5, -1.5, 3, 0.1, 2 / 3];
  const wild = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-40, 65504];
  return choices.of(tame ? numbers : [...numbers, ...wild]);
}

/** Indices in [0, extent): literal, or any integers brought into the range. */
function indexValue(draft: Draft, shape: Shape, extent: number): Value | undefined {
  const count = elementCount(shape);
  if (count > 0 && extent === 0) return undefined;
  if (count === 0 || draft.choices.flip()) {
    const data = Array.from({ length: count }, () => draft.choices.below(extent));
    return constant(draft.builder, data, { dtype: 'i32', shape });
  }
  return max(min(draft.of({ dtype: 'i32', shape }), extent - 1), 0);
}

function heads(draft: Draft): { operands: Value[]; bias: Value[] } {
  const q = draft.pickFloat((shape) => shape.length > 1 && shape.at(-2) !== 0, [1, 2, 3, 2]);
  const tokens = q.shape.at(-2) as number;
  const scores = { dtype: q.dtype, shape: [tokens, tokens] };
  const bias = draft.choices.flip() ? [draft.of(scores)] : [];
  return { operands: [q, draft.like(q), draft.like(q)], bias };
}

function rows(draft: Draft): { logits: Value; labels: Value } {
  const logits = draft.pickFloat((shape) => shape.length === 2 && shape[1] !== 0, [2, 3]);
  const [count, classes] = logits.shape as [number, number];
  const labels = Array.from({ length: count }, () => draft.choices.below(classes));
  return { logits, labels: constant(draft.builder, labels, { dtype: 'i32', shape: [count] }) };
}
