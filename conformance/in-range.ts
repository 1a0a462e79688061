import type { HostTensor } from '../core/backend.js';
import { expand } from '../core/passes/expand.js';
import { CONTRACTS, type NumericContract } from '../spec/contracts/index.js';
import type { CaseParameters } from './address.js';
import type { Case, Family } from './case.js';

/** Above this rounding error of a factor little is left of differences: bfloat16's is 2^-8, tf32's 2^-11, or twice that if cut. */
const COARSE = 2 ** -9;
/** Sizes between these need no change: factors of this size, and sums of their products, fit f16. */
const [LEAST, MOST] = [2 ** -8, 2 ** 8];

/**
 * The case of a family, with data that a contract's products can read. Where their factors have few bits, the family says
 * which case is judged in the place of one whose data they would lose (`Family.coarse`). Where they have a short
 * range, such as that of f16, a tensor of very large or very small numbers is multiplied with the power
 * of two that brings its largest to [1, 2). Beyond the range a contract promises nothing, and nothing
 * could be judged. Programs without a product keep their data.
 */
export function caseInRange(
  { make, coarse = (own) => own }: Pick<Family, 'make' | 'coarse'>,
  parameters: CaseParameters,
  contract: NumericContract,
): Case {
  const { factors } = CONTRACTS[contract];
  const isCoarse = factors !== undefined && factors.unitRoundoff > COARSE;
  return inRange(make(isCoarse ? coarse(parameters) : parameters), contract);
}

/** The same for a case that is made already. */
export function inRange(drawn: Case, contract: NumericContract): Case {
  const { factors } = CONTRACTS[contract];
  const { program, runs } = drawn;
  const isShort = factors !== undefined && factors.overflow < MOST ** 4;
  if (!isShort || program === undefined) return drawn;
  if (!expand(program).operations.some(({ op }) => op === 'matmul')) return drawn;
  const scaled = runs.map((inputs) =>
    Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, fitted(tensor)])),
  );
  return { ...drawn, runs: scaled };
}

function fitted(tensor: HostTensor): HostTensor {
  if (tensor.dtype !== 'f32') return tensor;
  let largest = 0;
  for (const x of tensor.data) largest = Math.max(largest, Math.abs(x));
  if (largest === 0 || (largest >= LEAST && largest <= MOST)) return tensor;
  const scale = 2 ** -Math.floor(Math.log2(largest));
  return { ...tensor, data: Float32Array.from(tensor.data, (x) => x * scale) };
}
