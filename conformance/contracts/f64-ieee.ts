import type { ContractErrors } from '../../reference/index.js';
import { BINARY64 } from './formats.js';
import { LIBRARY_ULPS } from './library-ulps.js';

/** `f64-ieee`: as `f32-ieee`, but values of every float type are held and computed as doubles. */
export const F64_IEEE: ContractErrors = {
  name: 'f64-ieee',
  format: () => BINARY64,
  ulps: LIBRARY_ULPS,
  flushBelow: 2 ** -1022,
};
