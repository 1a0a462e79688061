import type { Call, Operation, Program, ValueDeclaration } from '../../spec/program/index.js';
import { ancestorsOf } from './ancestors.js';
import { declarations, substitute } from './rewrite.js';

/**
 * The program in which what such composites make is made again beside their gradient, for what reads it after that. A
 * value that the forward pass has done with then need not lie in memory until its gradient comes: of y = gelu(x),
 * which the gradient of a weight reads, x alone is kept. What is made again has the bits of the first time where
 * it is computed alike.
 *
 * Composites are meant whose gradient, `gelu_grad`, begins with their operands. Operations keep their order, but
 * that what makes an operand comes first.
 */
export function recompute(program: Program, composites: readonly string[]): Program {
  const graph = new Graph(program);
  for (const operation of program.operations) {
    if (operation.op === 'call' && composites.includes(operation.composite)) {
      graph.makeAgain(firstOf(operation));
    }
  }
  return { ...program, operations: graph.ordered() };
}

class Graph {
  readonly #operations: Operation[];
  readonly #names: Set<string>;
  /** What is made again, and the gradient beside which that is, each by the name of its first result. */
  readonly #beside = new Map<string, string>();

  constructor(program: Program) {
    this.#operations = [...program.operations];
    this.#names = new Set(declarations(program).keys());
  }

  /** Lets those read a second result of a call which need not have the first before its gradient is there. */
  makeAgain(name: string): void {
    const place = this.#operations.findIndex((operation) => firstOf(operation) === name);
    const call = this.#operations[place] as Call;
    const gradient = this.#operations.slice(place).find((other) => isGradientOf(other, call));
    if (gradient === undefined) return;
    const definitions = this.#definitions();
    const earlier = ancestorsOf(gradient, (each) => this.#neededBy(each, definitions));
    // The call, and what gives its results another shape.
    const made = [call as Operation];
    for (const each of made) {
      made.push(...this.#readersOf(each).filter((other) => isView(other, earlier)));
    }
    const late = new Set<Operation>();
    const needed: Operation[] = [];
    for (const each of made.reverse()) {
      const readers = this.#readersOf(each);
      const own = readers.filter((other) => other !== gradient && !earlier.has(other));
      for (const other of own) late.add(other);
      if (own.length > 0 || readers.some((other) => needed.includes(other))) needed.unshift(each);
    }
    const renamed = new Map<string, string>();
    const again = needed.map((each) => {
      const results = each.results.map((result) => ({ ...result, name: this.#fresh(result.name) }));
      each.results.forEach((result, i) => {
        renamed.set(result.name, (results[i] as ValueDeclaration).name);
      });
      return { ...substitute(each, renamed), results } as Operation;
    });
    const [first] = again;
    if (first === undefined) return;
    this.#beside.set(firstOf(first), firstOf(gradient));
    this.#operations.forEach((operation, i) => {
      if (late.has(operation)) this.#operations[i] = substitute(operation, renamed);
    });
    this.#operations.splice(this.#operations.indexOf(gradient) + 1, 0, ...again);
  }

  /** The operations, each after those that make its operands. */
  ordered(): readonly Operation[] {
    const definitions = this.#definitions();
    const found = new Set<Operation>();
    for (const operation of this.#operations) {
      const waiting = [operation];
      for (let next = waiting.at(-1); next !== undefined; next = waiting.at(-1)) {
        const missing = this.#neededBy(next, definitions).find((other) => !found.has(other));
        if (missing === undefined) found.add(waiting.pop() as Operation);
        else waiting.push(missing);
      }
    }
    return [...found];
  }

  #readersOf({ results }: Operation): readonly Operation[] {
    const names = results.map(({ name }) => name);
    return this.#operations.filter(({ operands }) => operands.some((name) => names.includes(name)));
  }

  #neededBy(
    operation: Operation,
    definitions: ReadonlyMap<string, Operation>,
  ): readonly Operation[] {
    const gradient = this.#beside.get(firstOf(operation));
    const names = gradient === undefined ? operation.operands : [...operation.operands, gradient];
    return names.flatMap((name) => definitions.get(name) ?? []);
  }

  #definitions(): ReadonlyMap<string, Operation> {
    return new Map(
      this.#operations.flatMap((operation) =>
        operation.results.map(({ name }) => [name, operation] as const),
      ),
    );
  }

  #fresh(name: string): string {
    let candidate = `${name}.again`;
    for (let count = 2; this.#names.has(candidate); count++) candidate = `${name}.again_${count}`;
    this.#names.add(candidate);
    return candidate;
  }
}

function isView(operation: Operation, earlier: ReadonlySet<Operation>): boolean {
  return operation.op === 'reshape' && earlier.has(operation);
}

function isGradientOf(other: Operation, { composite, operands }: Call): boolean {
  return (
    other.op === 'call' &&
    other.composite === `${composite}_grad` &&
    operands.every((name, i) => name === other.operands[i])
  );
}

function firstOf({ results }: Operation): string {
  return (results[0] as ValueDeclaration).name;
}
