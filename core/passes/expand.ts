import {
  type Call,
  compositeNamed,
  type Operation,
  type Program,
} from '../../spec/program/index.js';
import { declarations, substitute } from './rewrite.js';

/**
 * The program with every call that `keep` does not claim replaced by its body, and so on inside the
 * bodies. A body's value is called after the result of its call: `encoder.3.attn.attention.softmax`.
 *
 * @param keep Tells by its composite's name, or by itself, which call stays; by default none.
 */
export function expand(
  program: Program,
  keep: (composite: string, call: Call) => boolean = () => false,
): Program {
  const types = declarations(program);
  const taken = new Set(types.keys());
  const renamed = new Map<string, string>();
  const operations: Operation[] = [];

  const inline = (call: Call): void => {
    const operands = call.operands.map((name) => {
      const type = types.get(name);
      if (type === undefined) throw new Error(`operand ${name} is not declared`);
      return type;
    });
    const { program: body } = compositeNamed(call.composite).trace(operands, call.attributes);
    const names = new Map(body.inputs.map(({ name }, i) => [name, call.operands[i] as string]));
    const results = new Map<string, string>();
    body.outputs.forEach(({ value }, index) => {
      const result = (call.results[index] as { name: string }).name;
      const existing = results.get(value) ?? names.get(value);
      if (existing === undefined) results.set(value, result);
      else renamed.set(result, existing); // one value that is two outputs, or an operand passed on
    });
    const prefix = (call.results[0] as { name: string }).name;
    for (const operation of body.operations) {
      for (const { name } of operation.results) {
        names.set(name, results.get(name) ?? unused(`${prefix}.${name}`, taken));
      }
      const outer = rename(operation, names);
      for (const result of outer.results) types.set(result.name, result);
      emit(outer);
    }
  };

  // A value that stands for another may itself turn out to stand for a third.
  const resolved = (name: string): string => {
    const other = renamed.get(name);
    return other === undefined ? name : resolved(other);
  };

  const emit = (given: Operation): void => {
    const operation = { ...given, operands: given.operands.map(resolved) };
    if (operation.op === 'call' && !keep(operation.composite, operation)) inline(operation);
    else operations.push(operation);
  };

  for (const operation of program.operations) emit(operation);
  const outputs = program.outputs.map(({ name, value }) => ({ name, value: resolved(value) }));
  return { ...program, operations, outputs };
}

function rename(operation: Operation, names: ReadonlyMap<string, string>): Operation {
  const results = operation.results.map((result) => ({
    ...result,
    name: names.get(result.name) ?? result.name,
  }));
  return { ...substitute(operation, names), results } as Operation;
}

function unused(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let count = 2; taken.has(candidate); count++) candidate = `${name}_${count}`;
  taken.add(candidate);
  return candidate;
}
