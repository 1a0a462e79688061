import { LacunaError } from '../spec/errors.js';
import { elementCount, formatType, type Program, sameShape } from '../spec/program/index.js';
import type { DeviceTensor, HostTensor, Named } from './backend.js';
import { declarations } from './passes/rewrite.js';

/** What every backend looks at before it compiles, uploads or runs, with the same sentences. */

/** The donations. @throws LacunaError where one names no input and output of one type. */
export function checkedDonations(program: Program, donate: Named<string> = {}): Named<string> {
  const types = declarations(program);
  for (const [input, output] of Object.entries(donate)) {
    const from = program.inputs.find(({ name }) => name === input);
    const to = types.get(program.outputs.find(({ name }) => name === output)?.value ?? '');
    if (from && to && from.dtype === to.dtype && sameShape(from.shape, to.shape)) continue;
    throw new LacunaError({
      where: program.name,
      what: 'a donation does not name an input and an output of one type',
      got: `${input}: ${from ? formatType(from) : 'no input'} for ${output}: ${to ? formatType(to) : 'no output'}`,
    });
  }
  return donate;
}

/** @throws LacunaError where the data of a tensor do not fill its shape. */
export function requireFilled({ dtype, shape, data }: HostTensor, where: string): void {
  if (data.length === elementCount(shape)) return;
  throw new LacunaError({
    where,
    what: 'the data does not fill the shape',
    got: `${data.length} elements for ${formatType({ dtype, shape })}`,
  });
}

/**
 * The inputs of a run by name: each there, of the backend's own (`isOwn`), of the declared type, and
 * donated at most once.
 *
 * @throws LacunaError naming the input that is wrong.
 */
export function checkedInputs<T extends DeviceTensor>(
  program: Program,
  donate: Named<string>,
  inputs: Named<DeviceTensor>,
  isOwn: (tensor: DeviceTensor | undefined) => tensor is T,
): ReadonlyMap<string, T> {
  const given = new Map<string, T>();
  const uses = new Map<T, string>();
  for (const input of program.inputs) {
    const tensor = inputs[input.name];
    const where = `${program.name}: ${input.name}`;
    if (!isOwn(tensor)) {
      const what =
        tensor === undefined ? 'the input is missing' : 'the tensor is of another backend';
      throw new LacunaError({ where, what, expected: formatType(input) });
    }
    if (tensor.dtype !== input.dtype || !sameShape(tensor.shape, input.shape)) {
      throw new LacunaError({
        where,
        what: 'the input has the wrong type',
        got: formatType(tensor),
        expected: formatType(input),
      });
    }
    const other = uses.get(tensor);
    if (other !== undefined && (input.name in donate || other in donate)) {
      const what = `a donated tensor is also the input ${other}`;
      throw new LacunaError({ where, what, fix: 'Pass a copy.' });
    }
    uses.set(tensor, input.name);
    given.set(input.name, tensor);
  }
  return given;
}
