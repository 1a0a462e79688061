import type { Operation, Primitive, Program } from '../../../spec/program/index.js';

/**
 * The same program with no concat of more than so many operands: wider ones are concats of concats,
 * since a kernel can bind only so many buffers.
 */
export function narrowConcats(program: Program, most: number): Program {
  const operations = program.operations.flatMap((operation): readonly Operation[] =>
    operation.op === 'concat' && operation.operands.length > most
      ? narrowed(operation, most, program)
      : [operation],
  );
  return { ...program, operations };
}

function narrowed(
  concat: Primitive<'concat'>,
  most: number,
  program: Program,
): readonly Primitive<'concat'>[] {
  const [result] = concat.results;
  const { axis } = concat.attributes;
  const extents = new Map<string, number>();
  for (const { name, shape } of program.inputs) extents.set(name, shape[axis] as number);
  for (const { results } of program.operations) {
    for (const { name, shape } of results) extents.set(name, shape[axis] as number);
  }
  const made: Primitive<'concat'>[] = [];
  let operands = concat.operands;
  while (operands.length > most) {
    const next: string[] = [];
    for (let start = 0; start < operands.length; start += most) {
      const own = operands.slice(start, start + most);
      const extent = own.reduce((sum, name) => sum + (extents.get(name) as number), 0);
      const name = `${result.name}#${made.length}`;
      const shape = result.shape.map((other, i) => (i === axis ? extent : other));
      extents.set(name, extent);
      made.push({ ...concat, operands: own, results: [{ ...result, name, shape }] });
      next.push(name);
    }
    operands = next;
  }
  return [...made, { ...concat, operands }];
}
