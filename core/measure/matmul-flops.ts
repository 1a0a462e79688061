import { elementCount, type Program } from '../../spec/index.js';
import { expand } from '../passes/expand.js';
import type { Plan } from '../plan/plan.js';

/** Multiplications and additions of all matrix products of a program: 2 M K N each. */
export function matmulFlops(program: Program): number {
  let flops = 0;
  const expanded = expand(program);
  const shapes = new Map(expanded.inputs.map(({ name, shape }) => [name, shape]));
  for (const operation of expanded.operations) {
    const [result] = operation.results;
    if (result === undefined) continue;
    shapes.set(result.name, result.shape);
    if (operation.op !== 'matmul') continue;
    const a = shapes.get(operation.operands[0] as string) ?? [];
    const inner = a.at(operation.attributes.transpose_a ? -2 : -1) ?? 0;
    flops += 2 * inner * elementCount(result.shape);
  }
  return flops;
}

/** Those of a step: of each call of a plan, as often as it runs. */
export function planFlops({ programs, calls }: Plan): number {
  const each = new Map(
    Object.entries(programs).map(([name, program]) => [name, matmulFlops(program)]),
  );
  return calls.reduce((sum, { program, repeat }) => sum + repeat * (each.get(program) ?? 0), 0);
}
