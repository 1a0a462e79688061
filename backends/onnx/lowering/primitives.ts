import { ELEMENT_TYPES } from '../../../formats/onnx/element-type.js';
import {
  elementCount,
  isFloat,
  type Operation,
  type Primitive,
  type PrimitiveName,
  type Shape,
} from '../../../spec/program/index.js';
import { lowerErf64 } from './erf64.js';
import type { Lowering } from './lowering.js';
import { lowerAddition, lowerMatmul, lowerProduct } from './matmul.js';

type Rule<K extends PrimitiveName> = (operation: Primitive<K>, lowering: Lowering) => void;

/** How each primitive is written as ONNX nodes. No result and no operand is empty here. */
const RULES: { readonly [K in PrimitiveName]: Rule<K> } = {
  add: lowerAddition,
  sub: elementwise('Sub'),
  mul: lowerProduct,
  div: elementwise('Div'),
  min: elementwise('Min'),
  max: elementwise('Max'),
  neg: elementwise('Neg'),
  exp: elementwise('Exp'),
  log: elementwise('Log'),
  sqrt: elementwise('Sqrt'),
  rsqrt: (operation, lowering) => {
    const root = lowering.writer.node('Sqrt', [lowering.use(operand(operation, 0))]);
    lowering.result(operation, 'Reciprocal', [root]);
  },
  // ONNX Runtime's Erf has no float64 kernel.
  erf: (operation, lowering) =>
    operation.results[0].dtype === 'f64'
      ? lowerErf64(operation, lowering)
      : elementwise('Erf')(operation, lowering),
  tanh: elementwise('Tanh'),
  compare: (operation, lowering) => {
    const shape = operation.results[0].shape;
    const operands = lowering.stretch(operation.operands, shape);
    const opType = COMPARISONS[operation.attributes.direction];
    if (opType !== undefined) lowering.result(operation, opType, operands);
    else lowering.result(operation, 'Not', [lowering.writer.node('Equal', operands)]);
  },
  and: elementwise('And'),
  or: elementwise('Or'),
  not: elementwise('Not'),
  // |x| < infinity is false for NaN too.
  is_finite: (operation, lowering) => {
    const [x] = operation.operands as readonly [string];
    const { dtype } = lowering.type(x);
    const size = lowering.writer.node('Abs', [lowering.use(x)]);
    const infinity = lowering.writer.scalar(dtype, Number.POSITIVE_INFINITY);
    lowering.result(operation, 'Less', [size, infinity]);
  },
  select: (operation, lowering) => {
    const [{ dtype, shape }] = operation.results;
    if (dtype !== 'bool') return elementwise('Where')(operation, lowering);
    // ONNX Runtime has no Where of bools: (condition and a) or (not condition and b).
    const { writer } = lowering;
    const [condition, a, b] = lowering.stretch(operation.operands, shape) as [
      string,
      string,
      string,
    ];
    const first = writer.node('And', [condition, a]);
    const second = writer.node('And', [writer.node('Not', [condition]), b]);
    lowering.result(operation, 'Or', [first, second]);
  },
  cast: (operation, lowering) => {
    const { dtype } = operation.attributes;
    const x = lowering.use(operand(operation, 0));
    lowering.result(operation, 'Cast', [x], { to: ELEMENT_TYPES[dtype].onnx });
  },
  reduce_sum: (operation, lowering) => {
    const [{ dtype }] = operation.results;
    const { axes, keep } = operation.attributes;
    if (dtype !== 'i32' || axes.length === 0) {
      reduction('ReduceSum')(operation, lowering);
      return;
    }
    // ONNX Runtime's sum of i32 ends at 2^31, where it has to wrap.
    const { writer } = lowering;
    const wide = writer.node('Cast', [lowering.use(operand(operation, 0))], { to: INT64 });
    const over = [wide, writer.integers(axes)];
    const total = writer.node('ReduceSum', over, { keepdims: keep ? 1 : 0 });
    lowering.result(operation, 'Cast', [total], { to: INT32 });
  },
  // ONNX Runtime's ReduceMax loses NaN along some axes.
  reduce_max: (operation, lowering) => {
    const { axes, keep } = operation.attributes;
    const [{ dtype }] = operation.results;
    if (!isFloat(dtype) || axes.length === 0) {
      reduction('ReduceMax')(operation, lowering);
      return;
    }
    const { writer } = lowering;
    const x = lowering.use(operand(operation, 0));
    const over = [writer.integers(axes), { keepdims: keep ? 1 : 0 }] as const;
    const largest = writer.node('ReduceMax', [x, over[0]], over[1]);
    const marks = writer.node('Cast', [writer.node('IsNaN', [x])], { to: UINT8 });
    const most = writer.node('ReduceMax', [marks, over[0]], over[1]);
    const some = writer.node('Cast', [most], { to: BOOL });
    lowering.result(operation, 'Where', [some, writer.scalar(dtype, Number.NaN), largest]);
  },
  matmul: lowerMatmul,
  reshape: (operation, lowering) => {
    const shape = lowering.writer.integers(operation.attributes.shape);
    lowering.result(operation, 'Reshape', [lowering.use(operand(operation, 0)), shape]);
  },
  transpose: (operation, lowering) => {
    const { permutation } = operation.attributes;
    const x = lowering.use(operand(operation, 0));
    if (permutation.every((axis, i) => axis === i)) lowering.alias(operation.results[0].name, x);
    else lowering.result(operation, 'Transpose', [x], { perm: permutation });
  },
  // Elementwise users stretch by themselves; for others the node is written on demand.
  broadcast: (operation, lowering) =>
    lowering.defer(operation.results[0].name, () => {
      const { name } = lowering.compact(operand(operation, 0));
      const shape = lowering.writer.integers(operation.attributes.shape);
      lowering.result(operation, 'Expand', [name, shape]);
    }),
  slice: (operation, lowering) => {
    const x = operand(operation, 0);
    const { starts, ends } = operation.attributes;
    const { shape } = lowering.type(x);
    const axes = shape.flatMap((n, axis) => (starts[axis] === 0 && ends[axis] === n ? [] : [axis]));
    const pick = (list: readonly number[]): string =>
      lowering.writer.integers(axes.map((axis) => list[axis] as number));
    if (axes.length === 0) {
      lowering.alias(operation.results[0].name, lowering.use(x));
      return;
    }
    const inputs = [lowering.use(x), pick(starts), pick(ends), lowering.writer.integers(axes)];
    lowering.result(operation, 'Slice', inputs);
  },
  pad: (operation, lowering) => {
    const { low, high, value } = operation.attributes;
    if ([...low, ...high].every((amount) => amount === 0)) {
      lowering.alias(operation.results[0].name, lowering.use(operand(operation, 0)));
      return;
    }
    const amounts = lowering.writer.integers([...low, ...high]);
    const fill = literal(lowering, operation.results[0].dtype, [], [value]);
    lowering.result(operation, 'Pad', [lowering.use(operand(operation, 0)), amounts, fill]);
  },
  concat: (operation, lowering) => {
    const parts = operation.operands.filter((x) => elementCount(lowering.type(x).shape) > 0);
    const names = parts.map((x) => lowering.use(x));
    lowering.result(operation, 'Concat', names, { axis: operation.attributes.axis });
  },
  gather: (operation, lowering) => {
    const [x, indices] = operation.operands as readonly [string, string];
    const { batch } = operation.attributes;
    const names = [lowering.use(x), lowering.use(indices)] as const;
    if (batch === 0) lowering.result(operation, 'Gather', names, { axis: 0 });
    else {
      const tuples = indexTuples(lowering, indices);
      lowering.result(operation, 'GatherND', [names[0], tuples], { batch_dims: batch });
    }
  },
  // ScatterElements, because the kernel of ONNX Runtime's CPU gives all updates of an element to one
  // thread, in their order: equal runs give equal bits. That of ScatterND splits the updates between
  // threads, and two that add to one row at a time lose updates.
  scatter_add: (operation, lowering) => {
    const [indices, updates] = operation.operands as readonly [string, string];
    const { batch, size } = operation.attributes;
    const { writer } = lowering;
    const { dtype, shape } = operation.results[0];
    const groups = elementCount(shape.slice(0, batch));
    const row = elementCount(shape.slice(batch + 1));
    const count = elementCount(lowering.type(indices).shape) / groups;
    const each = writer.integers([groups, count, row]);
    const column = writer.integers([groups, count, 1]);
    const numbers = writer.node('Reshape', [lowering.use(indices), column]);
    const rows = writer.node('Expand', [numbers, each]);
    const added = writer.node('Reshape', [lowering.use(updates), each]);
    const table = writer.integers([groups, size, row]);
    const zeros = writer.node('Expand', [writer.scalar(dtype, 0), table]);
    const attributes = { axis: 1, reduction: 'add' };
    const sums = writer.node('ScatterElements', [zeros, rows, added], attributes);
    lowering.result(operation, 'Reshape', [sums, writer.integers(shape)]);
  },
  iota: (operation, lowering) => {
    const { shape, axis } = operation.attributes;
    lowering.defer(operation.results[0].name, () => {
      const range = lowering.iota(shape, axis);
      lowering.result(operation, 'Expand', [range, lowering.writer.integers(shape)]);
    });
  },
  constant: (operation, lowering) => {
    const { dtype, shape, data } = operation.attributes;
    lowering.alias(operation.results[0].name, literal(lowering, dtype, shape, data));
  },
};

const COMPARISONS: Readonly<Record<string, string>> = {
  eq: 'Equal',
  lt: 'Less',
  le: 'LessOrEqual',
  gt: 'Greater',
  ge: 'GreaterOrEqual',
};

/** Writes the nodes of one primitive. */
export function lowerPrimitive(operation: Primitive, lowering: Lowering): void {
  const [result] = operation.results;
  if (elementCount(result.shape) === 0) {
    fill(operation, lowering);
  } else if (operation.op !== 'concat' && lowering.hasEmptyOperand(operation)) {
    // A sum, product or scatter of nothing is 0; padding of nothing is the padding.
    fill(operation, lowering, operation.op === 'pad' ? operation.attributes.value : 0);
  } else {
    const rule = RULES[operation.op] as (operation: Primitive, lowering: Lowering) => void;
    rule(operation, lowering);
  }
}

/** A literal; 16-bit floats are written as f32 and cast. */
export function literal(
  lowering: Lowering,
  dtype: Primitive['results'][0]['dtype'],
  shape: Shape,
  data: readonly number[],
): string {
  const { writer } = lowering;
  if (dtype !== 'f16' && dtype !== 'bf16') return writer.literal(dtype, shape, data);
  return writer.node('Cast', [writer.literal('f32', shape, data)], {
    to: ELEMENT_TYPES[dtype].onnx,
  });
}

function fill(operation: Primitive, lowering: Lowering, value: number = 0): void {
  const { dtype, shape } = operation.results[0];
  const scalar = literal(lowering, dtype, [], [value]);
  lowering.result(operation, 'Expand', [scalar, lowering.writer.integers(shape)]);
}

function elementwise(opType: string): (operation: Operation, lowering: Lowering) => void {
  return (operation, lowering) => {
    const shape = operation.results[0]?.shape ?? [];
    lowering.result(operation, opType, lowering.stretch(operation.operands, shape));
  };
}

function reduction(opType: string): Rule<'reduce_sum' | 'reduce_max'> {
  return (operation, lowering) => {
    const { axes, keep } = operation.attributes;
    const x = lowering.use(operand(operation, 0));
    // Without axes, ONNX would reduce all.
    if (axes.length === 0) lowering.alias(operation.results[0].name, x);
    else {
      const inputs = [x, lowering.writer.integers(axes)];
      lowering.result(operation, opType, inputs, { keepdims: keep ? 1 : 0 });
    }
  };
}

/** Indices as int64 with a last axis of extent 1, as the ND operators want them. */
function indexTuples(lowering: Lowering, indices: string): string {
  const { writer } = lowering;
  const shape = writer.integers([...lowering.type(indices).shape, 1]);
  const wide = writer.node('Cast', [lowering.use(indices)], { to: INT64 });
  return writer.node('Reshape', [wide, shape]);
}

const UINT8 = 2;
const INT32 = 6;
const INT64 = 7;
const BOOL = 9;

function operand(operation: Operation, index: number): string {
  return operation.operands[index] as string;
}
