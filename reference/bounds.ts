import type { HostTensor, Named } from '../core/backend.js';
import type { ContractErrors } from '../spec/contracts/index.js';
import type { FloatType, Program, Shape } from '../spec/program/index.js';
import { evaluateNamed, type InterpretOptions, mapNamed } from './interpret.js';
import { Interpreter } from './interpreter.js';
import { unround } from './interval-column.js';
import { Intervals } from './intervals.js';
import { Reassociated } from './reassociated.js';
import { type ExactTensor, isFloatTensor } from './tensor.js';

/** What a legal backend may give for a tensor of floats: element i lies in [low[i], high[i]]. */
export interface FloatBounds {
  readonly dtype: FloatType;
  readonly shape: Shape;
  /** The value in float64, infinite where it overflows the backend's format for certain. */
  readonly value: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Whether the sign of an exact 0 counts. @defaultValue false */
  readonly signedZeros?: boolean;
}

/** Bounds of floats, or integers and bools with marks where legal backends may disagree. */
export type Bounds = FloatBounds | ExactTensor;

export interface BoundsOptions extends InterpretOptions {
  /**
   * In which order the program's operations may run. `written`: as they stand, as on a backend that
   * is given the program; a contract that reassociates makes it `any`. `any`: in every order of sums and
   * products that is the same if computed exactly, as in an implementation of a function that has
   * only its formula; constants are then the numbers of the formula. The body of a composite, which a
   * backend may execute whole, has any order always. @defaultValue 'written'
   */
  readonly order?: 'written' | 'any';
  /**
   * Inputs that are results and were rounded when they were handed out, by name: what follows from
   * them may have been computed before or after the rounding. @defaultValue none
   */
  readonly rounded?: (input: string) => boolean;
}

/**
 * For every output (and observed value) of a program the interval that an implementation with the
 * numeric contract stays in: the worst case of any order of summation, any legal rounding, and any order
 * of elementwise operations where that is left open.
 *
 * @throws LacunaError as `interpret` does.
 */
export function bounds(
  program: Program,
  inputs: Named<HostTensor>,
  contract: ContractErrors,
  options: BoundsOptions = {},
): Named<Bounds> {
  const { order = 'written', rounded = (): boolean => false } = options;
  // Both are of what is executed whole, but where a contract leaves the order of programs open.
  const anyOrder = new Reassociated({ ...contract, accuracy: contract.accuracyWithin });
  const isOpen = contract.reassociates || order === 'any';
  const arithmetic = isOpen ? anyOrder : new Intervals(contract);
  const interpreter = new Interpreter(arithmetic, {}, anyOrder);
  const results = evaluateNamed(interpreter, program, inputs, options, (name, tensor) => {
    if (rounded(name) && isFloatTensor(tensor)) unround(tensor.column);
  });
  return mapNamed(results, (tensor): Bounds => {
    if (!isFloatTensor(tensor)) return tensor;
    const { dtype, shape, column } = tensor;
    return { dtype, shape, value: column.value, low: column.low, high: column.high };
  });
}
