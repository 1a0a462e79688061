import type { Program } from '../../../spec/index.js';
import { type LoweringOptions, lower } from '../lowering/lower.js';

/**
 * Whether programs become the very same kernels in two ways of lowering, so that a device which has run
 * them in one way has nothing left to show in the other.
 */
export function lowersAlike(
  programs: readonly Program[],
  [one, other]: readonly [LoweringOptions, LoweringOptions],
): boolean {
  return programs.every((program) => kernelsOf(program, one) === kernelsOf(program, other));
}

function kernelsOf(program: Program, options: LoweringOptions): string {
  const { kernels, values, literals, outputs, inPlace } = lower(program, options);
  return JSON.stringify([kernels, [...values], [...literals], outputs, [...inPlace]]);
}
