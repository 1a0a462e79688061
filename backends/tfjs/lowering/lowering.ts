import { LacunaError } from '../../../spec/errors.js';
import type { Operation, Program, Shape, TensorType } from '../../../spec/program/index.js';
import { sameShape } from '../../../spec/program/index.js';
import type { Tfjs, TfTensor } from '../library/tfjs.js';

/** One call of TensorFlow.js: it takes values by name and makes one. */
export interface Step {
  readonly operands: readonly string[];
  readonly result: string;
  readonly apply: (tf: Tfjs, operands: readonly TfTensor[]) => TfTensor;
}

/** A tensor that a value is, or that elementwise operations stretch to it. */
interface Compact {
  readonly name: string;
  readonly shape: Shape;
}

export interface LoweringOptions {
  /** Add a bias inside the matrix product that it follows. @defaultValue true */
  readonly fuseBias?: boolean;
}

/**
 * The state of one lowering, and what rules ask of it. A broadcast and a matrix product wait for
 * their user, which may not need them written: elementwise operations stretch by themselves, and
 * an addition of a bias goes into the product.
 */
export class Lowering {
  readonly steps: Step[] = [];
  readonly fuseBias: boolean;
  readonly #types = new Map<string, TensorType>();
  readonly #definitions = new Map<string, Operation>();
  readonly #users = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();
  #fresh = 0;

  constructor(program: Program, { fuseBias = true }: LoweringOptions = {}) {
    this.fuseBias = fuseBias;
    const count = (name: string): void => {
      this.#users.set(name, this.userCount(name) + 1);
    };
    for (const input of program.inputs) this.#types.set(input.name, input);
    for (const operation of program.operations) {
      for (const result of operation.results) {
        this.#types.set(result.name, result);
        this.#definitions.set(result.name, operation);
      }
      operation.operands.forEach(count);
    }
    for (const { value } of program.outputs) count(value);
  }

  type(name: string): TensorType {
    const type = this.#types.get(name);
    if (type === undefined) throw new LacunaError({ what: 'no value has this name', got: name });
    return type;
  }

  definition(name: string): Operation | undefined {
    return this.#definitions.get(name);
  }

  /** How often the value is used, as an operand of an operation or as an output of the program. */
  userCount(name: string): number {
    return this.#users.get(name) ?? 0;
  }

  /** Adds a step; its operands are there already. */
  step(result: string, operands: readonly string[], apply: Step['apply']): void {
    this.steps.push({ operands, result, apply });
  }

  /** Adds a step whose result is not a value of the program, and returns the name of the result. */
  temporary(operands: readonly string[], apply: Step['apply']): string {
    const name = `#${this.#fresh++}`;
    this.step(name, operands, apply);
    return name;
  }

  /** Puts off a value's steps until it is used as such. */
  wait(name: string, write: () => void): void {
    this.#waiting.set(name, write);
  }

  isWaiting(name: string): boolean {
    return this.#waiting.has(name);
  }

  /** The value in full; its steps are written now if they were put off. */
  use(name: string): string {
    const write = this.#waiting.get(name);
    this.#waiting.delete(name);
    write?.();
    return name;
  }

  /** A smaller tensor that stretches to the value, where there is one. */
  compact(name: string): Compact {
    const definition = this.#definitions.get(name);
    if (definition?.op === 'broadcast' && this.#waiting.has(name)) {
      return this.compact(definition.operands[0] as string);
    }
    return { name: this.use(name), shape: this.type(name).shape };
  }

  /** The values as operands of one elementwise call, so that its result has `shape`. */
  stretch(names: readonly string[], shape: Shape): string[] {
    const operands = names.map((name) => this.compact(name));
    const fits = sameShape(stretchedShape(operands.map((operand) => operand.shape)), shape);
    return names.map((name, i) => (fits || i > 0 ? (operands[i] as Compact).name : this.use(name)));
  }
}

/** The shape to which shapes stretch each other, aligned at the last axis. */
function stretchedShape(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return extents.find((extent) => extent !== 1) ?? 1;
  });
}
