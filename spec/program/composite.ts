import { ProgramBuilder, type Value } from './builder.js';
import {
  type Attributes,
  type AttributeValue,
  formatType,
  type Program,
  type TensorType,
} from './types.js';

/** A composite's body for given operand types and attributes, as a program of its own. */
export interface Traced {
  readonly program: Program;
  readonly outputs: Program['outputs'];
  /** The type of output `index`. */
  type(index: number): TensorType;
}

/** What a gradient rule is given: values of the program that is being differentiated. */
export interface GradientContext<A extends Attributes> {
  readonly operands: readonly Value[];
  readonly results: readonly Value[];
  /** The cotangent of each result; absent where nothing depends on that result. */
  readonly cotangents: readonly (Value | undefined)[];
  readonly attributes: A;
}

export interface CompositeDefinition<A extends Attributes> {
  readonly name: string;
  /** Names of the results, in order. */
  readonly results: readonly string[];
  /** The meaning: the results in terms of primitives and other composites. */
  readonly body: (operands: readonly Value[], attributes: A) => readonly Value[];
  /**
   * The cotangents of the operands (absent where none flows). Without it, reverse mode goes
   * through the body; with it, both must agree, which conformance proves in float64.
   */
  readonly gradient?: (context: GradientContext<A>) => readonly (Value | undefined)[];
}

/** A named operation with a body: a backend may execute it whole, anyone may expand it. */
export class Composite<A extends Attributes = Attributes> {
  readonly name: string;
  readonly results: readonly string[];
  readonly body: CompositeDefinition<A>['body'];
  readonly gradient: CompositeDefinition<A>['gradient'];
  readonly #traces = new Map<string, Traced>();

  constructor(definition: CompositeDefinition<A>) {
    this.name = definition.name;
    this.results = definition.results;
    this.body = definition.body;
    this.gradient = definition.gradient;
  }

  /** The body for these types and attributes; inputs are called `operand_0`, `operand_1`, ... */
  trace(operands: readonly TensorType[], attributes: A): Traced {
    const key = `${operands.map(formatType).join()}{${Object.entries(attributes).map(formatEntry)}}`;
    let traced = this.#traces.get(key);
    if (traced === undefined) {
      traced = this.#trace(operands, attributes);
      this.#traces.set(key, traced);
    }
    return traced;
  }

  #trace(operands: readonly TensorType[], attributes: A): Traced {
    const builder = new ProgramBuilder(this.name);
    const inputs = operands.map(({ dtype, shape }, index) =>
      builder.input(`operand_${index}`, dtype, shape, 'data'),
    );
    const results = this.body(inputs, attributes);
    results.forEach((value, index) => {
      builder.output(this.results[index] ?? `result_${index}`, value);
    });
    const program = builder.finish();
    return {
      program,
      outputs: program.outputs,
      type: (index) => results[index] as Value,
    };
  }
}

function formatEntry([key, value]: [string, AttributeValue]): string {
  return `${key}=${typeof value === 'object' ? `[${value}]` : value}`;
}
