import type { HostTensor, Named } from '../core/backend.js';
import type { ContractErrors } from '../spec/contracts/index.js';
import type { FloatType, Program, Shape } from '../spec/program/index.js';
import { evaluateNamed, type InterpretOptions, mapNamed } from './interpret.js';
import { Interpreter } from './interpreter.js';
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

/**
 * For every output (and observed value) of a program the interval that a backend with the numeric
 * contract stays in: the worst case of any order of summation and any legal rounding; where it
 * reassociates, of any order of the terms and factors of elementwise operations, too.
 *
 * @throws LacunaError as `interpret` does.
 */
export function bounds(
  program: Program,
  inputs: Named<HostTensor>,
  contract: ContractErrors,
  options: InterpretOptions = {},
): Named<Bounds> {
  const intervals = contract.reassociates ? new Reassociated(contract) : new Intervals(contract);
  const results = evaluateNamed(new Interpreter(intervals), program, inputs, options);
  return mapNamed(results, (tensor): Bounds => {
    if (!isFloatTensor(tensor)) return tensor;
    const { dtype, shape, column } = tensor;
    return { dtype, shape, value: column.value, low: column.low, high: column.high };
  });
}
