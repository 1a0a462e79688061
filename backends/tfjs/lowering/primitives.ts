import {
  type DType,
  elementCount,
  type FunctionName,
  type Operation,
  type Primitive,
  type PrimitiveName,
  type Shape,
} from '../../../spec/program/index.js';
import { elementType } from '../library/element-type.js';
import type { Tfjs, TfTensor } from '../library/tfjs.js';
import type { Lowering } from './lowering.js';
import { lowerAddition, lowerMatmul } from './matmul.js';

type Rule<K extends PrimitiveName> = (operation: Primitive<K>, lowering: Lowering) => void;

/** How each primitive is called in TensorFlow.js. No result and no operand is empty here. */
const RULES: { readonly [K in PrimitiveName]: Rule<K> } = {
  add: lowerAddition,
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),
  min: binary('minimum'),
  max: binary('maximum'),
  neg: unary('neg'),
  exp: unary('exp'),
  log: unary('log'),
  sqrt: unary('sqrt'),
  // TensorFlow's own is wrong by 2.7 units in the last place, where contracts grant 2.
  rsqrt: (operation, lowering) =>
    single(operation, lowering, (tf, x) =>
      consumed(tf.sqrt(x), (root) =>
        consumed(tf.fill([], 1, 'float32'), (one) => tf.div(one, root)),
      ),
    ),
  erf: unary('erf'),
  tanh: unary('tanh'),
  compare: (operation, lowering) =>
    binary(COMPARISONS[operation.attributes.direction])(operation, lowering),
  and: binary('logicalAnd'),
  or: binary('logicalOr'),
  not: unary('logicalNot'),
  is_finite: unary('isFinite'),
  select: (operation, lowering) => {
    const [{ name, dtype, shape }] = operation.results;
    // TensorFlow.js stretches the branches of where, but not every backend its condition.
    const [condition, a, b] = operation.operands as readonly [string, string, string];
    const operands = [lowering.use(condition), ...lowering.stretch([a, b], shape)];
    lowering.step(name, operands, (tf, [c, x, y]) =>
      asNumbers(tf, [x as TfTensor, y as TfTensor], dtype, ([left, right]) =>
        tf.where(c as TfTensor, left as TfTensor, right as TfTensor),
      ),
    );
  },
  cast: (operation, lowering) => {
    const [x] = operation.operands as readonly [string];
    const [{ name, dtype }] = operation.results;
    const from = lowering.type(x).dtype;
    const convert = conversion(from, dtype);
    lowering.step(name, [lowering.use(x)], (tf, [value]) => convert(tf, value as TfTensor));
  },
  reduce_sum: reduction('sum'),
  reduce_max: reduction('max'),
  matmul: lowerMatmul,
  reshape: (operation, lowering) => {
    const shape = [...operation.attributes.shape];
    single(operation, lowering, (tf, x) => tf.reshape(x, shape));
  },
  transpose: (operation, lowering) => {
    const permutation = [...operation.attributes.permutation];
    single(operation, lowering, (tf, x) => tf.transpose(x, permutation));
  },
  broadcast: (operation, lowering) => {
    const [{ name, dtype, shape }] = operation.results;
    lowering.wait(name, () => {
      const source = lowering.compact(operation.operands[0] as string);
      lowering.step(name, [source.name], (tf, [x]) => stretched(tf, x as TfTensor, shape, dtype));
    });
  },
  slice: (operation, lowering) => {
    const { starts, ends } = operation.attributes;
    const sizes = ends.map((end, axis) => end - (starts[axis] as number));
    // A scalar is not sliced.
    single(operation, lowering, (tf, x) =>
      sizes.length === 0 ? tf.clone(x) : tf.slice(x, [...starts], sizes),
    );
  },
  pad: (operation, lowering) => {
    const { low, high, value } = operation.attributes;
    const [{ dtype }] = operation.results;
    const amounts = low.map((amount, axis): [number, number] => [amount, high[axis] as number]);
    const apply = Number.isNaN(value) || Object.is(value, -0) ? paddedBeside : padded;
    single(operation, lowering, (tf, x) =>
      asNumbers(tf, [x], dtype, ([numbers]) => apply(tf, numbers as TfTensor, amounts, value)),
    );
  },
  concat: (operation, lowering) => {
    const parts = operation.operands.filter((x) => elementCount(lowering.type(x).shape) > 0);
    const { axis } = operation.attributes;
    const names = parts.map((x) => lowering.use(x));
    lowering.step(operation.results[0].name, names, (tf, tensors) => tf.concat([...tensors], axis));
  },
  gather: lowerGather,
  scatter_add: lowerScatterAdd,
  iota: (operation, lowering) => {
    const [{ name }] = operation.results;
    const { shape, axis } = operation.attributes;
    const extent = shape[axis] as number;
    const compact = shape.map((n, a) => (a === axis ? n : 1));
    lowering.step(name, [], (tf) => {
      const range = tf.tensor(
        Int32Array.from({ length: extent }, (_, i) => i),
        compact,
        'int32',
      );
      return consumed(range, (x) => tf.broadcastTo(x, [...shape]));
    });
  },
  constant: (operation, lowering) => {
    const { dtype, shape, data } = operation.attributes;
    const { held, up } = elementType(dtype, operation.results[0].name);
    lowering.step(operation.results[0].name, [], (tf) =>
      tf.tensor(up(Float64Array.from(data)), [...shape], held),
    );
  },
};

const COMPARISONS = {
  eq: 'equal',
  ne: 'notEqual',
  lt: 'less',
  le: 'lessEqual',
  gt: 'greater',
  ge: 'greaterEqual',
} as const;

/** Writes the steps of one primitive. */
export function lowerPrimitive(operation: Primitive, lowering: Lowering): void {
  const [result] = operation.results;
  const isEmpty = (name: string): boolean => elementCount(lowering.type(name).shape) === 0;
  if (elementCount(result.shape) === 0) {
    writeFilled(operation, lowering, 0);
  } else if (operation.op !== 'concat' && operation.operands.some(isEmpty)) {
    // A sum, product or scatter of nothing is 0; padding of nothing is the padding.
    writeFilled(operation, lowering, operation.op === 'pad' ? operation.attributes.value : 0);
  } else {
    const rule = RULES[operation.op] as (operation: Primitive, lowering: Lowering) => void;
    rule(operation, lowering);
  }
}

function writeFilled(operation: Primitive, lowering: Lowering, value: number): void {
  const { name, dtype, shape } = operation.results[0];
  const { held, up } = elementType(dtype, name);
  const data = up(new Float64Array(elementCount(shape)).fill(value));
  lowering.step(name, [], (tf) => tf.tensor(data.slice(), [...shape], held));
}

function padded(
  tf: Tfjs,
  x: TfTensor,
  amounts: readonly [number, number][],
  value: number,
): TfTensor {
  return tf.pad(x, [...amounts], value);
}

/**
 * Padding with a value that `pad` does not write everywhere: WebAssembly keeps its pads by value, and
 * takes one of NaN for every later one, and one of 0 for one of -0; JavaScript leaves zeros for -0.
 */
function paddedBeside(
  tf: Tfjs,
  x: TfTensor,
  amounts: readonly [number, number][],
  value: number,
): TfTensor {
  const inside = consumed(tf.fill(x.shape, 1, 'float32'), (ones) =>
    consumed(padded(tf, ones, amounts, 0), (mask) => tf.cast(mask, 'bool')),
  );
  return consumed(inside, (mask) =>
    consumed(padded(tf, x, amounts, 0), (within) =>
      consumed(tf.tensor(Float32Array.of(value), [], 'float32'), (outside) =>
        tf.where(mask, within, outside),
      ),
    ),
  );
}

type BinaryName =
  | 'sub'
  | 'mul'
  | 'div'
  | 'minimum'
  | 'maximum'
  | 'logicalAnd'
  | 'logicalOr'
  | (typeof COMPARISONS)[keyof typeof COMPARISONS];

function binary(call: BinaryName): (operation: Primitive, lowering: Lowering) => void {
  return (operation, lowering) => {
    const [{ name, shape }] = operation.results;
    const operands = lowering.stretch(operation.operands, shape);
    lowering.step(name, operands, (tf, [a, b]) => tf[call](a as TfTensor, b as TfTensor));
  };
}

type UnaryName = FunctionName | 'neg' | 'logicalNot' | 'isFinite';

function unary(call: UnaryName): (operation: Primitive, lowering: Lowering) => void {
  return (operation, lowering) => single(operation, lowering, (tf, x) => tf[call](x));
}

function reduction(call: 'sum' | 'max'): Rule<'reduce_sum' | 'reduce_max'> {
  return (operation, lowering) => {
    const { axes, keep } = operation.attributes;
    // Without axes, TensorFlow.js would reduce all.
    single(operation, lowering, (tf, x) =>
      axes.length === 0 ? tf.clone(x) : tf[call](x, [...axes], keep),
    );
  };
}

/** The step of an operation on one value. */
function single(
  operation: Operation,
  lowering: Lowering,
  apply: (tf: Tfjs, x: TfTensor) => TfTensor,
): void {
  const operand = lowering.use(operation.operands[0] as string);
  const name = operation.results[0]?.name as string;
  lowering.step(name, [operand], (tf, [x]) => apply(tf, x as TfTensor));
}

/** Rows looked up in tables laid one after the other: not every backend gathers by batch. */
function lowerGather(operation: Primitive<'gather'>, lowering: Lowering): void {
  const [x, indices] = operation.operands as readonly [string, string];
  const [{ name, dtype, shape }] = operation.results;
  const { batch } = operation.attributes;
  const own = lowering.type(x).shape;
  const size = own[batch] as number;
  const tables = elementCount(own.slice(0, batch));
  const rest = own.slice(batch + 1);
  lowering.step(name, [lowering.use(x), lowering.use(indices)], (tf, [table, rows]) => {
    const flat = tf.reshape(table as TfTensor, [tables * size, ...rest]);
    const places = flatIndices(tf, rows as TfTensor, tables, size);
    const found = consumed(flat, (values) =>
      consumed(places, (at) =>
        asNumbers(tf, [values], dtype, ([all]) => tf.gather(all as TfTensor, at, 0)),
      ),
    );
    return consumed(found, (values) => tf.reshape(values, [...shape]));
  });
}

/**
 * Rows added up in tables laid one after the other: scatterND indexes one axis only here, which
 * every backend of TensorFlow.js does.
 */
function lowerScatterAdd(operation: Primitive<'scatter_add'>, lowering: Lowering): void {
  const [indices, updates] = operation.operands as readonly [string, string];
  const { batch, size } = operation.attributes;
  const [{ name, shape }] = operation.results;
  const rest = elementCount(shape.slice(batch + 1));
  const tables = elementCount(shape.slice(0, batch));
  const count = elementCount(lowering.type(indices).shape);
  lowering.step(name, [lowering.use(indices), lowering.use(updates)], (tf, [rows, terms]) => {
    const places = flatIndices(tf, rows as TfTensor, tables, size);
    const column = consumed(places, (at) => tf.reshape(at, [count, 1]));
    const flat = tf.reshape(terms as TfTensor, [count, rest]);
    const sums = consumed(column, (at) =>
      consumed(flat, (values) => tf.scatterND(at, values, [tables * size, rest])),
    );
    return consumed(sums, (values) => tf.reshape(values, [...shape]));
  });
}

/** Row numbers of `tables` tables of `size` rows each as row numbers of all of them in a row. */
function flatIndices(tf: Tfjs, rows: TfTensor, tables: number, size: number): TfTensor {
  const count = elementCount(rows.shape);
  if (tables === 1) return tf.reshape(rows, [count]);
  const starts = Int32Array.from({ length: tables }, (_, table) => table * size);
  const moved = consumed(tf.reshape(rows, [tables, count / tables]), (table) =>
    consumed(tf.tensor(starts, [tables, 1], 'int32'), (column) => tf.add(table, column)),
  );
  return consumed(moved, (table) => tf.reshape(table, [count]));
}

/** The tensor stretched to a shape; bools by way of integers, for want of a kernel. */
function stretched(tf: Tfjs, x: TfTensor, shape: Shape, dtype: DType): TfTensor {
  return asNumbers(tf, [x], dtype, ([numbers]) => tf.broadcastTo(numbers as TfTensor, [...shape]));
}

/** An operation that TensorFlow.js does not have for bools on every backend, on 0 and 1. */
function asNumbers(
  tf: Tfjs,
  operands: readonly TfTensor[],
  dtype: DType,
  apply: (numbers: readonly TfTensor[]) => TfTensor,
): TfTensor {
  if (dtype !== 'bool') return apply(operands);
  const numbers = operands.map((x) => tf.cast(x, 'int32'));
  try {
    return consumed(apply(numbers), (result) => tf.cast(result, 'bool'));
  } finally {
    for (const each of numbers) each.dispose();
  }
}

/** A cast; to bool is "is not 0", whatever a backend of TensorFlow.js makes of NaN or 0.5. */
function conversion(from: DType, to: DType): (tf: Tfjs, x: TfTensor) => TfTensor {
  const { held } = elementType(to, 'cast');
  if (to === 'bool' && from !== 'bool') {
    return (tf, x) => {
      const zero = tf.fill([], 0, from === 'f32' ? 'float32' : 'int32');
      return consumed(zero, (none) => tf.notEqual(x, none));
    };
  }
  if (elementType(from, 'cast').held === held) return (tf, x) => tf.clone(x);
  return (tf, x) => tf.cast(x, held);
}

/** What `make` makes of a tensor that nothing else needs. */
function consumed(tensor: TfTensor, make: (tensor: TfTensor) => TfTensor): TfTensor {
  try {
    return make(tensor);
  } finally {
    tensor.dispose();
  }
}
