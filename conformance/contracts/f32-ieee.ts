import type { ContractErrors } from '../../reference/index.js';
import { BFLOAT16, BINARY16, BINARY32, BINARY64 } from './formats.js';
import { LIBRARY_ULPS } from './library-ulps.js';

/**
 * `f32-ieee`: every operation on f32 is rounded to nearest, subnormals are kept, sums and inner
 * products run in any order or fused, library functions keep `LIBRARY_ULPS` and may give 0 for
 * what is below the least normal number.
 */
export const F32_IEEE: ContractErrors = {
  name: 'f32-ieee',
  format: (dtype) => ({ f64: BINARY64, f32: BINARY32, f16: BINARY16, bf16: BFLOAT16 })[dtype],
  ulps: LIBRARY_ULPS,
  flushBelow: 2 ** -126,
};
