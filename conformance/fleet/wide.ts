import type { Backend } from '../../core/backend.js';
import { retype } from '../../core/passes/retype.js';
import { declarations } from '../../core/passes/rewrite.js';
import {
  type Arithmetic,
  FLOAT64,
  InterpreterBackend,
  type Meanings,
} from '../../reference/index.js';
import {
  type Composite,
  compositeNamed,
  type Operation,
  type Primitive,
  type Program,
  type ValueDeclaration,
} from '../../spec/program/index.js';

type Column = Float32Array | Float64Array;

/** Numbers in the type that they are declared with, computed in float64 and rounded when stored. */
const STORED: Arithmetic<Column> = {
  ...FLOAT64,
  name: 'float64, rounded to the type of each value',
  allocate: (count, dtype) => (dtype === 'f64' ? new Float64Array(count) : new Float32Array(count)),
  load: (data, dtype) => (dtype === 'f64' ? Float64Array.from(data) : Float32Array.from(data)),
};

/**
 * A backend that runs a program in float64, constants too, and rounds each output once. It is as right
 * as a backend can be.
 */
export function wideBackend(name: string): Backend {
  const backend = new InterpreterBackend(STORED, { name, contract: 'f32-ieee', claims: [] });
  const compile = backend.compile.bind(backend);
  backend.compile = async (program, options) => ({
    ...(await compile(widened(program), options)),
    program,
  });
  return backend;
}

/** A backend that runs each composite in float64 and rounds its results once. */
export function wideCallsBackend(name: string): Backend {
  const meanings: Meanings = { composite: (asked) => wideComposite(compositeNamed(asked)) };
  return new InterpreterBackend(STORED, { name, contract: 'f32-ieee', claims: [] }, meanings);
}

function wideComposite(composite: Composite): Composite {
  const trace: Composite['trace'] = (operands, attributes) => {
    const traced = composite.trace(operands, attributes);
    const program = widened(traced.program);
    return { ...traced, program, outputs: program.outputs };
  };
  return Object.create(composite, { trace: { value: trace } }) as Composite;
}

/**
 * The program with f64 for f32 between its inputs and its outputs. What `is_finite` asks of is rounded
 * first: more digits are more accurate, but a longer range changes what is finite.
 */
export function widened(program: Program): Program {
  const types = declarations(program);
  const own = (name: string): string => `${name}, widened`;
  const isWidened = (name: string): boolean => types.get(name)?.dtype === 'f32';
  const renamed = (name: string): string => (isWidened(name) ? own(name) : name);
  const declared = (name: string): ValueDeclaration => types.get(name) as ValueDeclaration;
  const inner = retype(program, 'f64').operations.flatMap((operation) => {
    const [operand = ''] = operation.operands;
    const isAsked = operation.op === 'is_finite' && isWidened(operand);
    const rounded = {
      ...declared(operand),
      name: `${operand}, rounded by ${operation.results[0]?.name}`,
    };
    const operands = isAsked ? [rounded.name] : operation.operands.map(renamed);
    const results = operation.results.map((result) => ({ ...result, name: renamed(result.name) }));
    return [
      ...(isAsked ? [cast(own(operand), rounded)] : []),
      { ...operation, operands, results } as Operation,
    ];
  });
  const inputs = program.inputs.filter(({ name }) => isWidened(name));
  const outputs = [...new Set(program.outputs.map(({ value }) => value))].filter(
    (name) => isWidened(name) && !program.inputs.some((input) => input.name === name),
  );
  return {
    ...program,
    operations: [
      ...inputs.map(({ name }) => cast(name, { ...declared(name), name: own(name), dtype: 'f64' })),
      ...inner,
      ...outputs.map((name) => cast(own(name), { ...declared(name), name })),
    ],
  };
}

function cast(operand: string, { name, dtype, shape }: ValueDeclaration): Primitive<'cast'> {
  return {
    op: 'cast',
    operands: [operand],
    attributes: { dtype },
    results: [{ name, dtype, shape }],
  };
}
