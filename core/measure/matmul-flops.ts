import { elementCount, type Program } from '../../spec/index.js';
import { expand } from '../passes/expand.js';

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
