import { LacunaError } from '../errors.js';
import { isFloat } from './element-type.js';
import {
  type BinaryName,
  factsOf,
  isBinaryName,
  isUnaryName,
  PRIMITIVE_NAMES,
  type PrimitiveAttributes,
  type PrimitiveName,
  tableOf,
  type UnaryName,
} from './primitive-names.js';
import {
  elementCount,
  formatType,
  MAX_LITERAL,
  type Shape,
  sameShape,
  type TensorType,
} from './types.js';

type Rule<K extends PrimitiveName> = (
  operands: readonly TensorType[],
  attributes: PrimitiveAttributes[K],
) => TensorType;

/**
 * The type of the result of a primitive.
 *
 * @throws LacunaError that says which operand or attribute is wrong, what it is, and what would do.
 */
export function inferType<K extends PrimitiveName>(
  op: K,
  operands: readonly TensorType[],
  attributes: PrimitiveAttributes[K],
): TensorType {
  const { operands: wanted } = factsOf(op);
  if (wanted !== 'some' && operands.length !== wanted) {
    fail(op, 'the number of operands is wrong', String(operands.length), String(wanted));
  }
  return RULES[op](operands, attributes);
}

type ElementwiseRule = (operands: readonly TensorType[]) => TensorType;

const ACCEPTED = {
  numbers: { expected: 'a float type or i32', accepts: isNumber },
  floats: { expected: 'a float type', accepts: isFloatType },
  bools: { expected: 'bool', accepts: (type: TensorType) => type.dtype === 'bool' },
  any: { expected: 'any type', accepts: () => true },
};

/** Type rules of operations whose operands have one type, which the table of facts says. */
const UNIFORM: Readonly<Record<UnaryName | BinaryName, ElementwiseRule>> = tableOf(
  PRIMITIVE_NAMES.filter((name) => isUnaryName(name) || isBinaryName(name)),
  elementwise,
);

const RULES: { readonly [K in PrimitiveName]: Rule<K> } = {
  ...UNIFORM,
  compare: elementwise('compare'),
  select: (operands) => {
    const [condition, a, b] = [at(operands, 0), at(operands, 1), at(operands, 2)];
    if (condition.dtype !== 'bool')
      fail('select', 'the condition is no bool', formatType(condition));
    if (a.dtype !== b.dtype) fail('select', 'the branches differ in type', formats([a, b]));
    if (!sameShape(condition.shape, a.shape) || !sameShape(a.shape, b.shape)) {
      fail('select', 'the shapes differ', formats(operands), 'one shape');
    }
    return a;
  },
  cast: (operands, { dtype }) => ({ dtype, shape: at(operands, 0).shape }),
  reduce_sum: (operands, attributes) => reduced('reduce_sum', at(operands, 0), attributes),
  reduce_max: (operands, attributes) => {
    const type = at(operands, 0);
    const result = reduced('reduce_max', type, attributes);
    if (attributes.axes.some((axis) => type.shape[axis] === 0)) {
      fail(
        'reduce_max',
        'the maximum of nothing is undefined',
        formatType(type),
        'extents above 0',
      );
    }
    return result;
  },
  matmul: (operands, attributes) => matmulType(at(operands, 0), at(operands, 1), attributes),
  reshape: (operands, { shape }) => {
    const type = at(operands, 0);
    checkShape('reshape', shape);
    if (elementCount(shape) !== elementCount(type.shape)) {
      fail('reshape', 'the number of elements changes', `${formatType(type)} to [${shape}]`);
    }
    return { dtype: type.dtype, shape };
  },
  transpose: (operands, { permutation }) => {
    const type = at(operands, 0);
    const sorted = [...permutation].sort((a, b) => a - b);
    if (
      !sameShape(
        sorted,
        type.shape.map((_, axis) => axis),
      )
    ) {
      fail('transpose', 'not a permutation of the axes', `[${permutation}] of ${formatType(type)}`);
    }
    return { dtype: type.dtype, shape: permutation.map((axis) => type.shape[axis] as number) };
  },
  broadcast: (operands, { shape }) => {
    const type = at(operands, 0);
    checkShape('broadcast', shape);
    const offset = shape.length - type.shape.length;
    const fits = type.shape.every(
      (extent, axis) => extent === 1 || extent === shape[axis + offset],
    );
    if (offset < 0 || !fits) {
      fail(
        'broadcast',
        'the shape cannot be stretched',
        `${formatType(type)} to [${shape}]`,
        'equal extents or 1, aligned at the last axis',
      );
    }
    return { dtype: type.dtype, shape };
  },
  slice: (operands, { starts, ends }) => {
    const type = at(operands, 0);
    checkRank('slice', type, starts.length, ends.length);
    type.shape.forEach((extent, axis) => {
      const [start, end] = [starts[axis] as number, ends[axis] as number];
      if (
        !(
          Number.isInteger(start) &&
          Number.isInteger(end) &&
          0 <= start &&
          start <= end &&
          end <= extent
        )
      ) {
        fail(
          'slice',
          `axis ${axis} is out of range`,
          `[${start}, ${end})`,
          `within [0, ${extent})`,
        );
      }
    });
    return {
      dtype: type.dtype,
      shape: type.shape.map((_, axis) => (ends[axis] as number) - (starts[axis] as number)),
    };
  },
  pad: (operands, { low, high }) => {
    const type = at(operands, 0);
    checkRank('pad', type, low.length, high.length);
    checkShape('pad', low);
    checkShape('pad', high);
    return {
      dtype: type.dtype,
      shape: type.shape.map(
        (extent, axis) => extent + (low[axis] as number) + (high[axis] as number),
      ),
    };
  },
  concat: (operands, { axis }) => {
    const first = at(operands, 0);
    checkAxis('concat', first, axis);
    let total = 0;
    for (const type of operands) {
      const fits =
        type.shape.length === first.shape.length &&
        type.shape.every((extent, a) => a === axis || extent === first.shape[a]);
      if (!fits || type.dtype !== first.dtype) {
        fail('concat', `the operands differ elsewhere than on axis ${axis}`, formats(operands));
      }
      total += type.shape[axis] as number;
    }
    return {
      dtype: first.dtype,
      shape: first.shape.map((extent, a) => (a === axis ? total : extent)),
    };
  },
  gather: (operands, { batch }) => {
    const [source, indices] = [at(operands, 0), at(operands, 1)];
    checkIndices('gather', indices, source, batch);
    if (source.shape.length <= batch)
      fail('gather', 'the source has no axis to index', formatType(source));
    return {
      dtype: source.dtype,
      shape: [...indices.shape, ...source.shape.slice(batch + 1)],
    };
  },
  scatter_add: (operands, { batch, size }) => {
    const [indices, updates] = [at(operands, 0), at(operands, 1)];
    checkIndices('scatter_add', indices, updates, batch);
    if (!sameShape(updates.shape.slice(0, indices.shape.length), indices.shape)) {
      fail(
        'scatter_add',
        'the updates do not begin with the shape of the indices',
        formats(operands),
      );
    }
    if (!isFloat(updates.dtype))
      fail('scatter_add', 'the updates are no floats', formatType(updates));
    checkShape('scatter_add', [size]);
    const rest = updates.shape.slice(indices.shape.length);
    return { dtype: updates.dtype, shape: [...indices.shape.slice(0, batch), size, ...rest] };
  },
  iota: (_, { shape, axis }) => {
    checkShape('iota', shape);
    const type: TensorType = { dtype: 'i32', shape };
    checkAxis('iota', type, axis);
    return type;
  },
  constant: (_, { dtype, shape, data }) => {
    checkShape('constant', shape);
    if (data.length !== elementCount(shape)) {
      fail(
        'constant',
        'the number of elements is wrong',
        String(data.length),
        `${elementCount(shape)}`,
      );
    }
    if (data.length > MAX_LITERAL) {
      fail(
        'constant',
        'the literal is too large',
        `${data.length} elements`,
        `at most ${MAX_LITERAL}`,
        'Make it an input of role constant.',
      );
    }
    return { dtype, shape };
  },
};

function elementwise(op: UnaryName | BinaryName | 'compare'): ElementwiseRule {
  const { takes, gives } = factsOf(op);
  const { expected, accepts } = ACCEPTED[takes];
  return (operands) => {
    const first = at(operands, 0);
    for (const type of operands) {
      if (!accepts(type)) fail(op, 'the element type is not supported', formatType(type), expected);
      if (type.dtype !== first.dtype) fail(op, 'the operands differ in type', formats(operands));
      if (!sameShape(type.shape, first.shape)) {
        fail(op, 'the shapes differ', formats(operands), 'one shape', 'Broadcast one of them.');
      }
    }
    return gives === 'bool' ? { dtype: 'bool', shape: first.shape } : first;
  };
}

function reduced(
  op: string,
  type: TensorType,
  attributes: PrimitiveAttributes['reduce_sum'],
): TensorType {
  if (!isNumber(type))
    fail(op, 'the element type is not supported', formatType(type), 'a float type or i32');
  attributes.axes.forEach((axis, i) => {
    checkAxis(op, type, axis);
    if (i > 0 && axis <= (attributes.axes[i - 1] as number)) {
      fail(op, 'the axes are not ascending', `[${attributes.axes}]`);
    }
  });
  const gone = new Set(attributes.axes);
  const shape = type.shape.flatMap((extent, axis) =>
    gone.has(axis) ? (attributes.keep ? [1] : []) : [extent],
  );
  return { dtype: type.dtype, shape };
}

function matmulType(
  a: TensorType,
  b: TensorType,
  attributes: PrimitiveAttributes['matmul'],
): TensorType {
  if (!isFloat(a.dtype) || a.dtype !== b.dtype)
    fail('matmul', 'the types do not fit', formats([a, b]), 'one float type');
  const rank = a.shape.length;
  if (rank < 2 || rank !== b.shape.length)
    fail('matmul', 'the ranks do not fit', formats([a, b]), 'one rank, at least 2');
  const batch = a.shape.slice(0, -2);
  if (!sameShape(batch, b.shape.slice(0, -2)))
    fail('matmul', 'the batch axes differ', formats([a, b]));
  const [aRows, aColumns] = lastTwo(a.shape, attributes.transpose_a);
  const [bRows, bColumns] = lastTwo(b.shape, attributes.transpose_b);
  if (aColumns !== bRows) {
    fail('matmul', 'the inner extents differ', `${formats([a, b])}: ${aColumns} and ${bRows}`);
  }
  return { dtype: a.dtype, shape: [...batch, aRows, bColumns] };
}

function lastTwo(shape: Shape, swap: boolean): [number, number] {
  const [rows, columns] = [shape.at(-2) as number, shape.at(-1) as number];
  return swap ? [columns, rows] : [rows, columns];
}

function checkIndices(op: string, indices: TensorType, other: TensorType, batch: number): void {
  if (indices.dtype !== 'i32')
    fail(op, 'the indices have the wrong type', formatType(indices), 'i32');
  const valid =
    Number.isInteger(batch) &&
    batch >= 0 &&
    batch <= indices.shape.length &&
    sameShape(indices.shape.slice(0, batch), other.shape.slice(0, batch));
  if (!valid) fail(op, `the first ${batch} axes are no common batch`, formats([indices, other]));
}

function checkAxis(op: string, type: TensorType, axis: number): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= type.shape.length) {
    fail(op, 'the axis does not exist', `axis ${axis} of ${formatType(type)}`);
  }
}

function checkRank(op: string, type: TensorType, ...lengths: readonly number[]): void {
  if (lengths.some((length) => length !== type.shape.length)) {
    fail(op, 'there must be one entry an axis', lengths.join(' and '), `${type.shape.length}`);
  }
}

function checkShape(op: string, shape: Shape): void {
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    fail(op, 'an extent is no natural number', `[${shape}]`);
  }
}

function at(operands: readonly TensorType[], index: number): TensorType {
  const type = operands[index];
  if (type === undefined)
    throw new LacunaError({ what: 'an operand is missing', got: `${operands.length} operands` });
  return type;
}

function isNumber(type: TensorType): boolean {
  return isFloat(type.dtype) || type.dtype === 'i32';
}

function isFloatType(type: TensorType): boolean {
  return isFloat(type.dtype);
}

function formats(types: readonly TensorType[]): string {
  return types.map(formatType).join(' and ');
}

function fail(op: string, what: string, got: string, expected?: string, fix?: string): never {
  throw new LacunaError({
    where: op,
    what,
    got,
    ...(expected === undefined ? {} : { expected }),
    ...(fix === undefined ? {} : { fix }),
  });
}
