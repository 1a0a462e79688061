import type { Operation, Program } from '../../spec/program/index.js';

/**
 * The program without operations that no output needs. Inputs stay: they are the program's
 * signature.
 */
export function removeDeadCode(program: Program): Program {
  const needed = new Set(program.outputs.map(({ value }) => value));
  const kept: Operation[] = [];
  for (const operation of [...program.operations].reverse()) {
    if (!operation.results.some(({ name }) => needed.has(name))) continue;
    for (const operand of operation.operands) needed.add(operand);
    kept.push(operation);
  }
  return { ...program, operations: kept.reverse() };
}
