import type { Operation, Program, ValueDeclaration } from '../../spec/program/index.js';

/** Every value of the program by name. */
export function declarations(program: Program): Map<string, ValueDeclaration> {
  const all = new Map<string, ValueDeclaration>();
  for (const input of program.inputs) all.set(input.name, input);
  for (const { results } of program.operations)
    for (const result of results) all.set(result.name, result);
  return all;
}

/** The operation with operands exchanged where `replacements` names another value for them. */
export function substitute<O extends Operation>(
  operation: O,
  replacements: ReadonlyMap<string, string>,
): O {
  if (!operation.operands.some((name) => replacements.has(name))) return operation;
  return {
    ...operation,
    operands: operation.operands.map((name) => replacements.get(name) ?? name),
  };
}

/**
 * The program without the operations for which `replace` names other values of the same types,
 * one for each result. It is asked in program order, with operands already exchanged.
 */
export function replaceOperations(
  program: Program,
  replace: (operation: Operation) => Operation | readonly string[],
): Program {
  const replacements = new Map<string, string>();
  const operations: Operation[] = [];
  for (const original of program.operations) {
    const replaced = replace(substitute(original, replacements));
    if ('op' in replaced) {
      operations.push(replaced);
      continue;
    }
    original.results.forEach(({ name }, index) => {
      replacements.set(name, replaced[index] as string);
    });
  }
  const outputs = program.outputs.map(({ name, value }) => ({
    name,
    value: replacements.get(value) ?? value,
  }));
  return { ...program, operations, outputs };
}
