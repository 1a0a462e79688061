import type { HostTensor, Named } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import type { Program } from '../spec/program/index.js';
import type { Arithmetic } from './arithmetic.js';
import { FLOAT64 } from './float64.js';
import { fromHost, toHost } from './host.js';
import { Interpreter } from './interpreter.js';
import type { Tensor } from './tensor.js';

export interface InterpretOptions {
  /** Values of the program that are wanted besides its outputs, by name. @defaultValue none */
  readonly observe?: readonly string[];
}

/**
 * Executes a program in float64. Its outputs, and whatever is observed, come by name; floats of
 * every type come as doubles that were never rounded to it, so that a result of type f32 is
 * `{ dtype: 'f32', data: Float64Array }`.
 *
 * @throws LacunaError for inputs that do not fit, and for an index or a cast out of range.
 */
export function interpret(
  program: Program,
  inputs: Named<HostTensor>,
  options: InterpretOptions = {},
): Named<HostTensor> {
  return interpretIn(FLOAT64, program, inputs, options);
}

/** The same in another arithmetic: floats come as it holds them. */
export function interpretIn<C>(
  arithmetic: Arithmetic<C>,
  program: Program,
  inputs: Named<HostTensor>,
  options: InterpretOptions = {},
): Named<HostTensor> {
  const results = evaluateNamed(new Interpreter(arithmetic), program, inputs, options);
  return mapNamed(results, (tensor) => toHost(arithmetic, tensor));
}

/**
 * Outputs and observed values by name, in the interpreter's arithmetic.
 *
 * @param prepare Told of every input that was taken in. @defaultValue nothing
 */
export function evaluateNamed<C>(
  interpreter: Interpreter<C>,
  program: Program,
  inputs: Named<HostTensor>,
  { observe = [] }: InterpretOptions,
  prepare: (name: string, tensor: Tensor<C>) => void = () => {},
): Named<Tensor<C>> {
  const loaded = loadInputs(interpreter.arithmetic, program, inputs);
  for (const [name, tensor] of loaded) prepare(name, tensor);
  const wanted = new Map(program.outputs.map(({ name, value }) => [name, value]));
  for (const name of observe) {
    if ((wanted.get(name) ?? name) !== name) {
      throw new LacunaError({
        where: program.name,
        what: 'an output of this name has another value than the one to observe',
        got: name,
      });
    }
    wanted.set(name, name);
  }
  const values = interpreter.evaluate(program, loaded, new Set(wanted.values()));
  const results: Record<string, Tensor<C>> = {};
  for (const [name, value] of wanted) results[name] = values.get(value) as Tensor<C>;
  return results;
}

export function mapNamed<A, B>(named: Named<A>, map: (value: A, name: string) => B): Named<B> {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, map(value, name)]));
}

function loadInputs<C>(
  arithmetic: Arithmetic<C>,
  program: Program,
  inputs: Named<HostTensor>,
): ReadonlyMap<string, Tensor<C>> {
  return new Map(
    program.inputs.map((input) => {
      try {
        return [input.name, fromHost(arithmetic, inputs[input.name], input)];
      } catch (error) {
        if (!(error instanceof LacunaError)) throw error;
        const where = `${program.name}: ${input.name}`;
        throw new LacunaError({ ...error.facts, where }, { cause: error });
      }
    }),
  );
}
