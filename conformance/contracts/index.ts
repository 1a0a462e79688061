import type { NumericContract } from '../../core/backend.js';
import type { ContractErrors } from '../../reference/index.js';
import { LacunaError } from '../../spec/errors.js';
import { F32_IEEE } from './f32-ieee.js';
import { F64_IEEE } from './f64-ieee.js';

/** The contracts that can be judged so far. */
export const CONTRACTS: readonly ContractErrors[] = [F32_IEEE, F64_IEEE];

/** @throws LacunaError for a contract whose errors are not written down yet. */
export function contractNamed(name: NumericContract): ContractErrors {
  const contract = CONTRACTS.find((known) => known.name === name);
  if (contract === undefined) {
    throw new LacunaError({
      what: 'no errors are written down for this numeric contract',
      got: name,
      expected: `one of ${CONTRACTS.map((known) => known.name).join(', ')}`,
    });
  }
  return contract;
}
