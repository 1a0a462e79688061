import fc from 'fast-check';
import type { Check } from '../../../conformance/index.js';
import type { Program } from '../../../spec/index.js';
import { type LoweringOptions, lower } from '../lowering/lower.js';

/**
 * Whether a check's first cases become the very same kernels in two ways of lowering, so that a device
 * which has run them in one way has nothing left to show in the other. Of a check that is more than
 * cases this is not known: false.
 */
export function lowersAlike(
  { family }: Check,
  cases: number,
  ways: readonly [LoweringOptions, LoweringOptions],
): boolean {
  if (family === undefined) return false;
  const drawn = fc.sample(family.parameters, { seed: 1, numRuns: cases });
  return drawn.every((parameters) => {
    const { program } = family.make(parameters);
    if (program === undefined) return false;
    const [one, other] = ways.map((options) => kernelsOf(program, options));
    return one === other;
  });
}

function kernelsOf(program: Program, options: LoweringOptions): string {
  const { kernels, values, literals, outputs, inPlace } = lower(program, options);
  return JSON.stringify([kernels, [...values], [...literals], outputs, [...inPlace]]);
}
