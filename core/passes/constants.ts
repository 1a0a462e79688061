import {
  elementCount,
  MAX_LITERAL,
  type Operation,
  type Primitive,
  type PrimitiveName,
  type Program,
} from '../../spec/program/index.js';
import { replaceOperations } from './rewrite.js';

type Literal = Primitive<'constant'>;
type Fold = (operands: readonly (readonly number[])[], count: number) => number[];

/**
 * The program with arithmetic on literals done, and reshapes of literals made literals; broadcasts
 * stay, so that literals stay small. Only operations that IEEE 754 rounds correctly are folded (not exp, erf, ...),
 * so that the result is the one that a backend would compute; f16 and bf16 are left alone.
 */
export function foldConstants(program: Program): Program {
  const literals = new Map<string, Literal>();
  return replaceOperations(program, (operation) => {
    const folded = fold(operation, literals);
    if (folded.op === 'constant') literals.set(folded.results[0].name, folded);
    return folded;
  });
}

function fold(operation: Operation, literals: ReadonlyMap<string, Literal>): Operation {
  const rule = operation.op === 'call' ? undefined : RULES[operation.op];
  const operands = operation.operands.map((name) => literals.get(name));
  if (rule === undefined || operands.length === 0 || operands.includes(undefined)) return operation;
  const [result] = operation.results as Literal['results'];
  const count = elementCount(result.shape);
  if (count > MAX_LITERAL || (result.dtype !== 'f32' && result.dtype !== 'f64')) return operation;
  const round = result.dtype === 'f32' ? Math.fround : (x: number): number => x;
  const known = operands as readonly Literal[];
  const data = rule(
    known.map((literal) => literal.attributes.data.map(round)),
    count,
  ).map(round);
  return {
    op: 'constant',
    operands: [],
    attributes: { dtype: result.dtype, shape: result.shape, data },
    results: [result],
  };
}

const each =
  (f: (a: number, b: number) => number): Fold =>
  ([a = [], b = a]) =>
    a.map((value, index) => f(value, b[index] as number));

const RULES: { readonly [K in PrimitiveName]?: Fold } = {
  add: each((a, b) => a + b),
  sub: each((a, b) => a - b),
  mul: each((a, b) => a * b),
  div: each((a, b) => a / b),
  neg: each((a) => -a),
  sqrt: each((a) => Math.sqrt(a)),
  reshape: ([a = []]) => [...a],
};
