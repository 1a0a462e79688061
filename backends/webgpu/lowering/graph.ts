import { LacunaError } from '../../../spec/errors.js';
import {
  elementCount,
  type Operation,
  type Program,
  type TensorType,
} from '../../../spec/program/index.js';

/** A program as its values are asked for: what each is, what makes it, who uses it. */
export class Graph {
  readonly program: Program;
  readonly #types = new Map<string, TensorType>();
  readonly #definitions = new Map<string, Operation>();
  readonly #users = new Map<string, Operation[]>();
  readonly #outputs: ReadonlySet<string>;

  constructor(program: Program) {
    this.program = program;
    this.#outputs = new Set(program.outputs.map(({ value }) => value));
    for (const input of program.inputs) this.#types.set(input.name, input);
    for (const operation of program.operations) {
      for (const result of operation.results) {
        this.#types.set(result.name, result);
        this.#definitions.set(result.name, operation);
      }
      for (const name of new Set(operation.operands)) {
        this.#users.set(name, [...this.users(name), operation]);
      }
    }
  }

  type(name: string): TensorType {
    const type = this.#types.get(name);
    if (type === undefined) throw new LacunaError({ what: 'no value has this name', got: name });
    return type;
  }

  count(name: string): number {
    return elementCount(this.type(name).shape);
  }

  /** What makes the value; nothing makes an input. */
  definition(name: string): Operation | undefined {
    return this.#definitions.get(name);
  }

  users(name: string): readonly Operation[] {
    return this.#users.get(name) ?? [];
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name);
  }

  /** The stored values that operands are made of: themselves, or those of their own operands. */
  leaves(
    operands: readonly string[],
    isStored: (name: string) => boolean,
    found: Set<string> = new Set(),
  ): ReadonlySet<string> {
    for (const name of operands) {
      if (isStored(name)) found.add(name);
      else this.leaves(this.definition(name)?.operands ?? [], isStored, found);
    }
    return found;
  }
}
