import type { HostTensor, Named } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import { isFloat, type Program } from '../spec/program/index.js';
import { interpret } from './interpret.js';

export interface CentralDifferencesOptions {
  /** The scalar output to differentiate. */
  readonly output: string;
  /** The input to differentiate by. */
  readonly input: string;
  /** Elements of the input, as flat indices. @defaultValue all */
  readonly elements?: readonly number[];
  /** The wider of two steps, as a part of max(|x|, 1). @defaultValue 1e-3 */
  readonly step?: number;
}

/**
 * d output / d input[i] in float64, for each element asked for: central differences
 * D(h) = (f(x + h) - f(x - h)) / 2h at two steps, extrapolated: (4 D(h/2) - D(h)) / 3, with an
 * error of order h^4. It knows nothing of how gradients are made. Costs 4 runs an element.
 */
export function centralDifferences(
  program: Program,
  inputs: Named<HostTensor>,
  { output, input, elements, step = 1e-3 }: CentralDifferencesOptions,
): Float64Array {
  const tensor = inputs[input];
  if (tensor === undefined || !isFloat(tensor.dtype)) {
    throw new LacunaError({
      where: program.name,
      what: 'there is no such float input',
      got: input,
    });
  }
  const evaluate = (index: number, moved: number): number => {
    const data = Float64Array.from(tensor.data);
    data[index] = moved;
    const result = interpret(program, { ...inputs, [input]: { ...tensor, data } })[output];
    if (result === undefined || result.data.length !== 1) {
      throw new LacunaError({ where: program.name, what: 'there is no such scalar', got: output });
    }
    return result.data[0] as number;
  };
  const difference = (index: number, h: number): number => {
    const x = tensor.data[index] as number;
    const [below, above] = [x - h, x + h];
    return (evaluate(index, above) - evaluate(index, below)) / (above - below);
  };
  const wanted = elements ?? Array.from(tensor.data.keys());
  return Float64Array.from(wanted, (index) => {
    const h = step * Math.max(Math.abs(tensor.data[index] as number), 1);
    return (4 * difference(index, h / 2) - difference(index, h)) / 3;
  });
}
