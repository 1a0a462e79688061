import { LacunaError } from '../errors.js';
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

/** What an attribute of a composite holds. */
export type AttributeKind = 'number' | 'boolean' | 'string' | 'numbers';

export interface CompositeDefinition<A extends Attributes> {
  readonly name: string;
  /** Names of the operands, in order; those that end in `?` come last and may be left out. */
  readonly operands: readonly string[];
  /** The attributes; all are required. */
  readonly attributes: { readonly [K in keyof A]: AttributeKind };
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

/** How many bodies a composite keeps: texts from outside must not fill the memory. */
const MAX_TRACES = 1000;

/** A named operation with a body: a backend may execute it whole, anyone may expand it. */
export class Composite<A extends Attributes = Attributes> {
  readonly name: string;
  readonly operands: readonly string[];
  readonly attributes: CompositeDefinition<A>['attributes'];
  readonly results: readonly string[];
  readonly body: CompositeDefinition<A>['body'];
  readonly gradient: CompositeDefinition<A>['gradient'];
  readonly #traces = new Map<string, Traced>();

  constructor(definition: CompositeDefinition<A>) {
    this.name = definition.name;
    this.operands = definition.operands;
    this.attributes = definition.attributes;
    this.results = definition.results;
    this.body = definition.body;
    this.gradient = definition.gradient;
  }

  /**
   * The body for these types and attributes; inputs are called `operand_0`, `operand_1`, ...
   *
   * @throws LacunaError where operands or attributes do not fit the definition.
   */
  trace(operands: readonly TensorType[], attributes: A): Traced {
    const key = `${operands.map(formatType).join()}{${Object.entries(attributes).map(formatEntry)}}`;
    let traced = this.#traces.get(key);
    if (traced === undefined) {
      this.#checkOperands(operands.length);
      this.#checkAttributes(attributes);
      traced = this.#trace(operands, attributes);
      if (this.#traces.size === MAX_TRACES) this.#traces.clear();
      this.#traces.set(key, traced);
    }
    return traced;
  }

  #checkOperands(count: number): void {
    const required = this.operands.filter((name) => !name.endsWith('?')).length;
    if (count >= required && count <= this.operands.length) return;
    throw new LacunaError({
      where: this.name,
      what: 'the number of operands is wrong',
      got: String(count),
      expected: this.operands.join(', '),
    });
  }

  #checkAttributes(attributes: Attributes): void {
    const kinds = new Map<string, AttributeKind>(Object.entries(this.attributes));
    for (const name of new Set([...kinds.keys(), ...Object.keys(attributes)])) {
      const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
      const [got, expected] = [kindOf(value), kinds.get(name)];
      if (got === expected) continue;
      throw new LacunaError({
        where: `${this.name}, attribute ${name}`,
        what: 'the attributes do not fit',
        got: got ?? 'none',
        expected: expected ?? 'no such attribute',
      });
    }
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

function kindOf(value: AttributeValue | undefined): AttributeKind | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'object' ? 'numbers' : (typeof value as AttributeKind);
}

/** Distinct values give distinct texts: -0 is not 0, "1" is not 1. */
function formatEntry([key, value]: [string, AttributeValue]): string {
  if (typeof value === 'string') return `${key}=${JSON.stringify(value)}`;
  return `${key}=${typeof value === 'object' ? `[${value.map(formatNumber)}]` : formatNumber(value)}`;
}

function formatNumber(value: number | boolean): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
