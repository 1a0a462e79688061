import { LacunaError } from '../spec/errors.js';
import {
  type Composite,
  compositeNamed,
  formatType,
  inferType,
  type Operation,
  type Primitive,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Program,
  sameShape,
  type TensorType,
} from '../spec/program/index.js';
import type { Arithmetic } from './arithmetic.js';
import { PRIMITIVES, type Primitives, type Rule } from './primitives/index.js';
import type { Tensor } from './tensor.js';

/** What an interpreter looks meanings up in; conformance puts faulty ones here. */
export interface Meanings {
  /** @defaultValue `PRIMITIVES` */
  readonly primitives?: Primitives;
  /** @defaultValue `compositeNamed` */
  readonly composite?: (name: string) => Composite;
}

/** Executes programs, one operation after the other, in some arithmetic. It fuses and caches nothing. */
export class Interpreter<Column> {
  readonly arithmetic: Arithmetic<Column>;
  readonly #primitives: Primitives;
  readonly #composite: (name: string) => Composite;
  readonly #bodies: Interpreter<Column>;

  /** @param bodies The arithmetic of composites' bodies. @defaultValue that of the program */
  constructor(
    arithmetic: Arithmetic<Column>,
    meanings: Meanings = {},
    bodies: Arithmetic<Column> = arithmetic,
  ) {
    this.arithmetic = arithmetic;
    this.#primitives = meanings.primitives ?? PRIMITIVES;
    this.#composite = meanings.composite ?? compositeNamed;
    this.#bodies = bodies === arithmetic ? this : new Interpreter(bodies, meanings);
  }

  /**
   * The values named in `wanted`, from tensors for all inputs. A call of a composite executes its
   * body. A value is dropped after its last use.
   *
   * @throws LacunaError that names the program, the operation's result and what is wrong.
   */
  evaluate(
    program: Program,
    inputs: ReadonlyMap<string, Tensor<Column>>,
    wanted: Iterable<string>,
  ): Map<string, Tensor<Column>> {
    const values = new Map(inputs);
    const kept = new Set(wanted);
    const lastUse = lastUsesOf(program);
    program.operations.forEach((operation, index) => {
      const operands = operation.operands.map((name) => lookUp(program, values, name));
      const results = this.#apply(program, operation, operands);
      operation.results.forEach(({ name }, i) => {
        if (lastUse.has(name) || kept.has(name)) values.set(name, results[i] as Tensor<Column>);
      });
      for (const name of operation.operands)
        if (lastUse.get(name) === index && !kept.has(name)) values.delete(name);
    });
    return new Map([...kept].map((name) => [name, lookUp(program, values, name)]));
  }

  #apply(
    program: Program,
    operation: Operation,
    operands: readonly Tensor<Column>[],
  ): readonly Tensor<Column>[] {
    try {
      return operation.op === 'call'
        ? this.#call(operation, operands)
        : [this.#primitive(operation, operands)];
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      const place = `${program.name}: ${operation.results[0]?.name}`;
      const where = error.facts.where === undefined ? place : `${place}: ${error.facts.where}`;
      throw new LacunaError({ ...error.facts, where }, { cause: error });
    }
  }

  #primitive(operation: Primitive, operands: readonly Tensor<Column>[]): Tensor<Column> {
    return this.#rule(operation.op, operation.attributes, operation.results[0], operands);
  }

  #rule<K extends PrimitiveName>(
    op: K,
    attributes: PrimitiveAttributes[K],
    declared: TensorType,
    operands: readonly Tensor<Column>[],
  ): Tensor<Column> {
    const type = inferType(op, operands, attributes);
    requireType(declared, type);
    const rule: Rule<K> = this.#primitives[op];
    return rule({ arithmetic: this.arithmetic, operands, attributes, type });
  }

  #call(
    operation: Extract<Operation, { op: 'call' }>,
    operands: readonly Tensor<Column>[],
  ): readonly Tensor<Column>[] {
    const composite = this.#composite(operation.composite);
    const { program } = composite.trace(operands, operation.attributes);
    const inputs = new Map(operands.map((tensor, index) => [`operand_${index}`, tensor]));
    const outputs = program.outputs.map(({ value }) => value);
    const values = this.#bodies.evaluate(program, inputs, outputs);
    return outputs.map((name, index) => {
      const tensor = lookUp(program, values, name);
      const declared = operation.results[index];
      if (declared !== undefined) requireType(declared, tensor);
      return tensor;
    });
  }
}

const lastUses = new WeakMap<Program, ReadonlyMap<string, number>>();

/** For each value that operations of a program read, the index of the last of them. */
function lastUsesOf(program: Program): ReadonlyMap<string, number> {
  const known = lastUses.get(program);
  if (known !== undefined) return known;
  const uses = new Map<string, number>();
  program.operations.forEach(({ operands }, index) => {
    for (const name of operands) uses.set(name, index);
  });
  lastUses.set(program, uses);
  return uses;
}

function lookUp<C>(
  program: Program,
  values: ReadonlyMap<string, Tensor<C>>,
  name: string,
): Tensor<C> {
  const tensor = values.get(name);
  if (tensor === undefined) {
    throw new LacunaError({ where: program.name, what: 'no value has this name', got: name });
  }
  return tensor;
}

function requireType(declared: TensorType, actual: TensorType): void {
  if (declared.dtype === actual.dtype && sameShape(declared.shape, actual.shape)) return;
  throw new LacunaError({
    what: 'a result is declared with another type than it has',
    got: formatType(declared),
    expected: formatType(actual),
  });
}
