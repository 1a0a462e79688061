import type { ContractErrors } from '../../reference/index.js';

/**
 * Accuracies of the IEEE contracts, in units in the last place: those of the OpenCL C 3.0
 * specification, section 7.4, full profile ("ULP values for single and double precision built-in
 * math functions"); division and square root are rounded to nearest.
 */
export const LIBRARY_ULPS: ContractErrors['ulps'] = {
  div: 0.5,
  sqrt: 0.5,
  rsqrt: 2,
  exp: 3,
  log: 3,
  erf: 16,
  tanh: 5,
};
