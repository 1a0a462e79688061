import type { Named } from '../../../core/backend.js';
import { ancestorsOf } from '../../../core/passes/ancestors.js';
import {
  type Call,
  elementCount,
  type Operation,
  type Program,
  type ValueDeclaration,
} from '../../../spec/program/index.js';

/** Which donated inputs of a program the outputs that replace them may overwrite. */
export interface InPlace {
  /** Names of inputs: the memory of each may be fed and be its output's, too. */
  readonly inputs: ReadonlySet<string>;
  /** For an update, by the name of its first result, values that have to be there before it runs. */
  readonly after: ReadonlyMap<string, readonly string[]>;
}

/** Composites that read element i of an operand before they write element i of the result in its place. */
export const UPDATES: readonly string[] = ['adamw'];

/** Operations whose result may be their operand's memory under another name. */
const VIEWS: readonly string[] = [
  'reshape',
  'transpose',
  'broadcast',
  'slice',
  'pad',
  'concat',
  'reduce_sum',
  'reduce_max',
  'cast',
];

/**
 * The inputs that updates may overwrite. The output that replaces such an input is the result of an update that has
 * the input for its operand, and whatever else reads the input, or what may be its memory, comes before
 * the update and takes nothing of what is new. ONNX Runtime orders nodes by what they read alone, so an
 * update has to wait for those readers on which it does not depend anyway.
 */
export function updatesInPlace(program: Program, donate: Named<string>): InPlace {
  const uses = new Uses(program);
  const inputs = new Set<string>();
  const after = new Map<string, readonly string[]>();
  for (const [input, output] of Object.entries(donate)) {
    const update = uses.updateOf(input, output);
    const readers = update && uses.otherReaders(input, update);
    if (readers === undefined) continue;
    // What waits is the rate, which new parameters are made of and new moments are not.
    if (readers.length > 0 && update?.operands[0] !== input) continue;
    const key = update?.results[0]?.name as string;
    inputs.add(input);
    after.set(key, [...new Set([...(after.get(key) ?? []), ...readers])]);
  }
  return { inputs, after };
}

/** Who reads what in a program. */
class Uses {
  readonly #users = new Map<string, Operation[]>();
  readonly #definitions = new Map<string, Operation>();
  readonly #position = new Map<Operation, number>();
  readonly #outputs: ReadonlyMap<string, string>;
  readonly #isOutput: ReadonlySet<string>;
  /** Values that depend on what an update made. */
  readonly #isNew = new Set<string>();
  readonly #ancestors = new Map<Call, ReadonlySet<Operation>>();

  constructor({ operations, outputs }: Program) {
    this.#outputs = new Map(outputs.map(({ name, value }) => [name, value]));
    this.#isOutput = new Set(this.#outputs.values());
    operations.forEach((operation, index) => {
      this.#position.set(operation, index);
      const isNew = isUpdate(operation) || operation.operands.some((name) => this.#isNew.has(name));
      for (const { name } of operation.results) {
        this.#definitions.set(name, operation);
        if (isNew) this.#isNew.add(name);
      }
      for (const name of new Set(operation.operands)) {
        const others = this.#users.get(name);
        if (others === undefined) this.#users.set(name, [operation]);
        else others.push(operation);
      }
    });
  }

  /** The update that makes the output in the place of the input. */
  updateOf(input: string, output: string): Call | undefined {
    const value = this.#outputs.get(output) ?? '';
    const update = this.#definitions.get(value);
    if (update?.op !== 'call' || !isUpdate(update)) return undefined;
    const place = update.results.findIndex(({ name }) => name === value);
    const isOwn = update.operands.every((name, i) => (name === input) === (i === place));
    return isOwn && !this.#isOutput.has(input) ? update : undefined;
  }

  /**
   * What the other readers make on which the update does not depend; nothing where one of them might read what
   * is new, or cannot be waited for.
   */
  otherReaders(input: string, update: Call): readonly string[] | undefined {
    const earlier = this.#ancestorsOf(update);
    const found: ValueDeclaration[] = [];
    const names = [input];
    for (const name of names) {
      for (const reader of this.#users.get(name) ?? []) {
        if (reader === update && name === input) continue;
        const [result] = reader.results as readonly [ValueDeclaration];
        const isLate = (this.#position.get(reader) ?? 0) > (this.#position.get(update) ?? 0);
        if (reader === update || isLate || this.#isNew.has(result.name)) return undefined;
        const passesOn = this.#passesOn(reader);
        if (passesOn && this.#isOutput.has(result.name)) return undefined;
        if (passesOn) names.push(result.name);
        else if (!earlier.has(reader)) found.push(result);
      }
    }
    const { dtype } = update.results[0] as ValueDeclaration;
    const canWait = found.every((each) => each.dtype === dtype && elementCount(each.shape) > 0);
    return canWait ? found.map(({ name }) => name) : undefined;
  }

  /** Whether what reads the result may read the operand's memory: a view of it, or a product that waits. */
  #passesOn({ op, results }: Operation): boolean {
    if (op !== 'matmul') return VIEWS.includes(op);
    const users = this.#users.get(results[0].name) ?? [];
    return users.length === 1 && ['add', 'mul'].includes(users[0]?.op ?? '');
  }

  #ancestorsOf(update: Call): ReadonlySet<Operation> {
    const known = this.#ancestors.get(update);
    if (known !== undefined) return known;
    const found = ancestorsOf(update, ({ operands }) =>
      operands.flatMap((operand) => this.#definitions.get(operand) ?? []),
    );
    this.#ancestors.set(update, found);
    return found;
  }
}

function isUpdate(operation: Operation): boolean {
  return operation.op === 'call' && UPDATES.includes(operation.composite);
}
