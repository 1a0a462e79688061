import { LacunaError } from '../../spec/errors.js';
import {
  add,
  broadcast,
  type Call,
  compositeNamed,
  constant,
  formatType,
  isFloat,
  type Operation,
  type Primitive,
  type PrimitiveName,
  type Program,
  ProgramBuilder,
  type Value,
} from '../../spec/program/index.js';
import { expand } from '../passes/expand.js';
import { RULES, seed } from './rules.js';

export interface Gradients {
  /** Continues the program; its outputs are those of the original. */
  readonly builder: ProgramBuilder;
  /** The gradient of the loss by the name of each value asked for. */
  readonly gradients: ReadonlyMap<string, Value>;
}

/**
 * Reverse-mode differentiation: extends `program` with the gradient of the scalar output `loss`
 * for each value in `wrt` (zeros where the loss does not depend on it). Composites with a gradient
 * rule are differentiated by it, the others through their bodies. What is computed for forward
 * value `x` is named `grad.x...`.
 *
 * @param cotangent What the gradients are multiples of, a scalar: the scale of a scaled loss.
 *   @defaultValue 1
 * @throws LacunaError where the loss is no scalar float, a value in `wrt` does not exist or is no
 *   float, or a composite's gradient leaves out a value that the loss depends on.
 */
export function differentiate(
  program: Program,
  loss: string,
  wrt: readonly string[],
  cotangent: (loss: Value) => Value = one,
): Gradients {
  const scalar = (target: Value): Value => {
    if (target.shape.length === 0 && isFloat(target.dtype)) return cotangent(target);
    throw new LacunaError({
      where: program.name,
      what: `${loss} cannot be differentiated`,
      got: formatType(target),
      expected: 'a scalar of a float type',
    });
  };
  return pullBack(program, new Map([[loss, scalar]]), wrt);
}

/**
 * The vector-Jacobian product: extends `program` with sum over the outputs y of (dy / dx)^T c_y for each
 * value x in `wrt`. A part of a step is differentiated by it, whose cotangents come from another part.
 *
 * @param cotangents Makes c_y, of the type of y, by the name of the output.
 * @throws LacunaError as `differentiate`, and where a cotangent has another type than its output.
 */
export function pullBack(
  program: Program,
  cotangents: ReadonlyMap<string, (output: Value) => Value>,
  wrt: readonly string[],
): Gradients {
  const forward = expand(program, (name) => compositeNamed(name).gradient !== undefined);
  const builder = ProgramBuilder.extend(forward);
  for (const name of wrt) {
    const value = builder.value(name);
    if (isFloat(value.dtype)) continue;
    throw new LacunaError({
      where: program.name,
      what: `nothing can be differentiated by ${name}`,
      got: formatType(value),
      expected: 'a float type',
    });
  }

  const active = reachable(forward, wrt);
  const found = new Map<string, Value>();
  const receive = (name: string, own: Value): void => {
    const earlier = found.get(name);
    found.set(name, earlier === undefined ? own : add(earlier, own));
  };
  for (const [name, cotangentOf] of cotangents) {
    const output = forward.outputs.find((each) => each.name === name);
    if (output === undefined)
      throw new LacunaError({ where: program.name, what: 'there is no such output', got: name });
    const target = builder.value(output.value);
    const own = cotangentOf(target);
    if (formatType(own) !== formatType(target)) {
      throw new LacunaError({
        where: program.name,
        what: `the cotangent of ${name} is of another type`,
        got: formatType(own),
        expected: formatType(target),
      });
    }
    if (active.has(target.name)) receive(target.name, own);
  }
  for (const operation of [...forward.operations].reverse()) {
    const received = operation.results.map(({ name }) => found.get(name));
    if (received.every((each) => each === undefined)) continue;
    builder.scope(`grad.${operation.results[0]?.name}`, () => {
      const sent = transposed(builder, operation, received);
      operation.operands.forEach((name, index) => {
        if (!active.has(name)) return;
        const own = sent[index];
        checkCotangent(operation, builder.value(name), own);
        if (own !== undefined) receive(name, own);
      });
    });
  }
  const gradients = wrt.map((name): [string, Value] => {
    const value = builder.value(name);
    return [name, found.get(name) ?? zeros(builder, value)];
  });
  return { builder, gradients: new Map(gradients) };
}

function one(loss: Value): Value {
  return loss.builder.scope('grad', () => seed(loss));
}

function zeros(builder: ProgramBuilder, value: Value): Value {
  return builder.scope(`grad.${value.name}`, () =>
    broadcast(constant(builder, 0, { dtype: value.dtype }), value.shape),
  );
}

/** The names of float values that depend on one of `sources`. */
function reachable(program: Program, sources: readonly string[]): ReadonlySet<string> {
  const active = new Set(sources);
  for (const { operands, results } of program.operations) {
    if (!operands.some((name) => active.has(name))) continue;
    for (const { name, dtype } of results) if (isFloat(dtype)) active.add(name);
  }
  return active;
}

function transposed(
  builder: ProgramBuilder,
  operation: Operation,
  cotangents: readonly (Value | undefined)[],
): readonly (Value | undefined)[] {
  const operands = operation.operands.map((name) => builder.value(name));
  if (operation.op === 'call') return throughCall(builder, operation, operands, cotangents);
  const [cotangent] = cotangents;
  return cotangent === undefined ? [] : throughPrimitive(builder, operation, operands, cotangent);
}

function throughCall(
  builder: ProgramBuilder,
  call: Call,
  operands: readonly Value[],
  cotangents: readonly (Value | undefined)[],
): readonly (Value | undefined)[] {
  const { gradient } = compositeNamed(call.composite);
  const results = call.results.map(({ name }) => builder.value(name));
  return gradient?.({ operands, results, cotangents, attributes: call.attributes }) ?? [];
}

/** A gradient left out, or of another type than its value, would be silently wrong. */
function checkCotangent(operation: Operation, operand: Value, cotangent: Value | undefined): void {
  if (cotangent !== undefined && formatType(cotangent) === formatType(operand)) return;
  throw new LacunaError({
    where: `${operation.results[0]?.name} = ${operation.op === 'call' ? operation.composite : operation.op}`,
    what: `no gradient flows to its operand ${operand.name}`,
    got: cotangent === undefined ? 'none' : formatType(cotangent),
    expected: formatType(operand),
    fix: 'Broadcast the operand to the full shape, or differentiate the expanded program.',
  });
}

function throughPrimitive<K extends PrimitiveName>(
  builder: ProgramBuilder,
  operation: Primitive<K>,
  operands: readonly Value[],
  cotangent: Value,
): readonly (Value | undefined)[] {
  const [declared] = operation.results;
  const result = builder.value(declared.name);
  return RULES[operation.op]({ operation, operands, result, cotangent });
}
