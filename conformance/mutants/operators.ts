import { declarations } from '../../core/passes/rewrite.js';
import {
  COMPARISONS,
  factsOf,
  inferType,
  type Operation,
  type Primitive,
  type Program,
  sameShape,
} from '../../spec/program/index.js';

/** A way to get an operation wrong; undefined where it does not apply or changes nothing. */
export interface Operator {
  readonly name: string;
  readonly apply: (operation: Operation, program: Program) => Operation | undefined;
}

const FACTORS = [1.01, 2, -1, 0];

function edited(operation: Operation, change: object): Operation {
  return { ...operation, ...change } as Operation;
}

function typed(operation: Operation, program: Program): Operation | undefined {
  if (operation.op === 'call') return operation;
  const types = declarations(program);
  const operands = operation.operands.map((name) => types.get(name));
  if (operands.some((type) => type === undefined)) return undefined;
  try {
    const inferred = inferType(
      operation.op,
      operands.flatMap((type) => type ?? []),
      operation.attributes as never,
    );
    const [declared] = operation.results;
    return inferred.dtype === declared.dtype && sameShape(inferred.shape, declared.shape)
      ? operation
      : undefined;
  } catch {
    return undefined;
  }
}

const sibling = (which: number): Operator => ({
  name: which === 0 ? 'a sibling in its place' : 'another sibling in its place',
  apply: (operation, program) => {
    const op = operation.op === 'call' ? undefined : factsOf(operation.op).mistakenFor?.[which];
    return op === undefined ? undefined : typed(edited(operation, { op }), program);
  },
});

const swapped: Operator = {
  name: 'operands exchanged',
  apply: (operation, program) => {
    const [a, b, ...rest] = operation.operands;
    if (a === undefined || b === undefined || a === b) return undefined;
    if (operation.op !== 'call' && factsOf(operation.op).commutes === true) return undefined;
    if (operation.op === 'compare' && /eq|ne/.test(operation.attributes.direction))
      return undefined;
    const operands = operation.op === 'select' ? [a, rest[0], b] : [b, a, ...rest];
    if (operation.op === 'call') {
      const types = declarations(program);
      const [x, y] = [types.get(a), types.get(b)];
      if (
        x === undefined ||
        y === undefined ||
        x.dtype !== y.dtype ||
        !sameShape(x.shape, y.shape)
      ) {
        return undefined;
      }
    }
    return typed(edited(operation, { operands }), program);
  },
};

const scaled = (factor: number): Operator => ({
  name: `its number times ${factor}`,
  apply: (operation) => {
    if (operation.op !== 'constant' || operation.attributes.dtype === 'bool') return undefined;
    const { data, dtype } = operation.attributes;
    const wrong = data.map((value) =>
      dtype === 'i32' ? Math.round(value * factor) : value * factor,
    );
    if (wrong.every((value, i) => value === data[i])) return undefined;
    return edited(operation, { attributes: { ...operation.attributes, data: wrong } });
  },
});

const comparison: Operator = {
  name: 'the comparison beside it',
  apply: (operation) => {
    if (operation.op !== 'compare') return undefined;
    const index = COMPARISONS.indexOf(operation.attributes.direction);
    const direction = COMPARISONS[index ^ 1];
    return edited(operation, { attributes: { direction } });
  },
};

const transposed = (side: 'transpose_a' | 'transpose_b'): Operator => ({
  name: `${side} exchanged where the matrix is square`,
  apply: (operation, program) => {
    if (operation.op !== 'matmul') return undefined;
    const attributes = { ...operation.attributes, [side]: !operation.attributes[side] };
    return typed(edited(operation, { attributes }), program);
  },
});

const oneAxisLess: Operator = {
  name: 'the axis beside it, where that is as long',
  apply: (operation, program) => {
    if (operation.op !== 'reduce_sum' && operation.op !== 'reduce_max') return undefined;
    const { axes } = operation.attributes;
    if (axes.length !== 1) return undefined;
    const [axis = 0] = axes;
    const attributes = { ...operation.attributes, axes: [axis === 0 ? 1 : axis - 1] };
    return typed(edited(operation, { attributes }), program);
  },
};

/** Each number among a call's attributes, wrong. */
const attribute = (which: number, factor: number): Operator => ({
  name: `attribute ${which} times ${factor}`,
  apply: (operation) => {
    if (operation.op !== 'call') return undefined;
    const entries = Object.entries(operation.attributes);
    const [name, value] = entries[which] ?? [];
    if (name === undefined || typeof value !== 'number' || value * factor === value)
      return undefined;
    return edited(operation, {
      attributes: { ...operation.attributes, [name]: value * factor },
    });
  },
});

/** The operators, applied to every operation where they apply. */
export const OPERATORS: readonly Operator[] = [
  sibling(0),
  sibling(1),
  swapped,
  ...FACTORS.map(scaled),
  comparison,
  transposed('transpose_a'),
  transposed('transpose_b'),
  oneAxisLess,
  ...[0, 1, 2, 3, 4].flatMap((which) => [0, 10].map((factor) => attribute(which, factor))),
];

/** The program with its operation number `index` left out, where an operand can stand for it. */
export function withoutOperation(program: Program, index: number): Program | undefined {
  const operation = program.operations[index];
  const [result, ...more] = operation?.results ?? [];
  if (operation === undefined || result === undefined || more.length > 0) return undefined;
  const types = declarations(program);
  const stand = operation.operands.find((name) => {
    const type = types.get(name);
    return type !== undefined && type.dtype === result.dtype && sameShape(type.shape, result.shape);
  });
  if (stand === undefined) return undefined;
  const rename = (name: string): string => (name === result.name ? stand : name);
  const operations = program.operations
    .filter((_, i) => i !== index)
    .map((each) => edited(each, { operands: each.operands.map(rename) }));
  const outputs = program.outputs.map(({ name, value }) => ({ name, value: rename(value) }));
  return { ...program, operations, outputs };
}

/** The program with its operation number `index` mistaken; undefined where the operator does not apply. */
export function mistaken(program: Program, index: number, operator: Operator): Program | undefined {
  const operation = program.operations[index];
  const wrong = operation === undefined ? undefined : operator.apply(operation, program);
  if (wrong === undefined) return undefined;
  const operations = program.operations.map((each, i) => (i === index ? wrong : each));
  return { ...program, operations: operations as readonly (Primitive | Operation)[] };
}
