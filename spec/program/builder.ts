import { LacunaError } from '../errors.js';
import type { Composite } from './composite.js';
import { type DType, type FloatType, isFloat } from './element-type.js';
import { inferType } from './infer.js';
import { isLegalName } from './name.js';
import type { PrimitiveAttributes, PrimitiveName } from './primitive-names.js';
import type {
  Attributes,
  Operation,
  Primitive,
  Program,
  ProgramInput,
  ProgramOutput,
  Role,
  Shape,
  ValueDeclaration,
} from './types.js';

/** A value of a program that is being built. Functions such as `add(x, y)` find the builder in it. */
export class Value implements ValueDeclaration {
  readonly builder: ProgramBuilder;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;

  constructor(builder: ProgramBuilder, { name, dtype, shape }: ValueDeclaration) {
    this.builder = builder;
    this.name = name;
    this.dtype = dtype;
    this.shape = shape;
  }
}

/**
 * Writes a program down, one operation at a time. Types are inferred, and errors raised, at the
 * call that makes the operation. Names follow the scopes: inside `scope('encoder.3')` a product
 * is called `encoder.3.matmul`, the next one `encoder.3.matmul_2`.
 */
export class ProgramBuilder {
  readonly name: string;
  /** The type of parameters and of numbers lifted to constants where nothing else decides. */
  readonly float: FloatType;
  readonly #inputs: ProgramInput[] = [];
  readonly #operations: Operation[] = [];
  readonly #outputs: ProgramOutput[] = [];
  readonly #values = new Map<string, Value>();
  readonly #suffixes = new Map<string, number>();
  readonly #scopes: string[] = [];

  constructor(name: string, options: { readonly float?: FloatType } = {}) {
    this.name = name;
    this.float = options.float ?? 'f32';
  }

  /** A builder that continues `program`; its outputs are kept, its float type is that of its inputs. */
  static extend(program: Program, name: string = program.name): ProgramBuilder {
    const float = program.inputs.map(({ dtype }) => dtype).find(isFloat);
    const builder = new ProgramBuilder(name, float === undefined ? {} : { float });
    for (const input of program.inputs) builder.#declareInput(input);
    for (const operation of program.operations) builder.append(operation);
    for (const output of program.outputs) builder.output(output.name, builder.value(output.value));
    return builder;
  }

  input(name: string, dtype: DType, shape: Shape, role: Role, source?: string): Value {
    const input = { name: this.#qualify(name), dtype, shape, role };
    return this.#declareInput(source === undefined ? input : { ...input, source });
  }

  /** Adds an application of a primitive; `name` overrides the automatic name. */
  primitive<K extends PrimitiveName>(
    op: K,
    operands: readonly Value[],
    attributes: PrimitiveAttributes[K],
    name: string = op,
  ): Value {
    const type = inferType(op, operands, attributes);
    const result = { name: this.#freshName(name), dtype: type.dtype, shape: type.shape };
    const results: Primitive['results'] = [result];
    const operation = { op, operands: this.#names(operands), attributes, results };
    this.#operations.push(operation as Primitive);
    return this.#declare(result);
  }

  /** Adds a call of a composite; its result types are those of its body. */
  call<A extends Attributes>(
    composite: Composite<A>,
    operands: readonly Value[],
    attributes: A,
  ): readonly Value[] {
    const traced = composite.trace(operands, attributes);
    const results = traced.outputs.map(({ name }, index) => {
      const type = traced.type(index);
      const label = traced.outputs.length === 1 ? composite.name : `${composite.name}.${name}`;
      return { name: this.#freshName(label), dtype: type.dtype, shape: type.shape };
    });
    this.#operations.push({
      op: 'call',
      composite: composite.name,
      operands: this.#names(operands),
      attributes,
      results,
    });
    return results.map((result) => this.#declare(result));
  }

  /** Adds an operation as it stands; its results must have fresh names. Used by passes. */
  append(operation: Operation): readonly Value[] {
    for (const operand of operation.operands) this.value(operand);
    this.#operations.push(operation);
    return operation.results.map((result) => this.#declare(result));
  }

  /** Runs `body` with `name` prefixed to the names of what it adds. */
  scope<T>(name: string, body: () => T): T {
    this.#scopes.push(name);
    try {
      return body();
    } finally {
      this.#scopes.pop();
    }
  }

  value(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new LacunaError({ where: this.name, what: 'no value has this name', got: name });
    }
    return value;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  output(name: string, value: Value): void {
    if (this.#outputs.some((output) => output.name === name)) {
      throw new LacunaError({ where: this.name, what: 'two outputs have one name', got: name });
    }
    this.#outputs.push({ name, value: this.#own(value).name });
  }

  finish(): Program {
    return {
      name: this.name,
      inputs: [...this.#inputs],
      operations: [...this.#operations],
      outputs: [...this.#outputs],
    };
  }

  #declareInput(input: ProgramInput): Value {
    this.#inputs.push(input);
    return this.#declare(input);
  }

  #declare(declaration: ValueDeclaration): Value {
    const { name } = declaration;
    if (!isLegalName(name)) {
      throw new LacunaError({ where: this.name, what: 'a name is not legal', got: name });
    }
    if (this.#values.has(name)) {
      throw new LacunaError({ where: this.name, what: 'two values have one name', got: name });
    }
    const value = new Value(this, declaration);
    this.#values.set(name, value);
    return value;
  }

  #qualify(name: string): string {
    return [...this.#scopes, name].join('.');
  }

  #freshName(label: string): string {
    const base = this.#qualify(label);
    let count = this.#suffixes.get(base) ?? 0;
    let name: string;
    do {
      count += 1;
      name = count === 1 ? base : `${base}_${count}`;
    } while (this.#values.has(name));
    this.#suffixes.set(base, count);
    return name;
  }

  #names(operands: readonly Value[]): string[] {
    return operands.map((operand) => this.#own(operand).name);
  }

  #own(value: Value): Value {
    if (value.builder !== this) {
      throw new LacunaError({
        where: this.name,
        what: `value ${value.name} belongs to another program`,
        got: value.builder.name,
      });
    }
    return value;
  }
}
