import { FAMILIES } from '../families/index.js';
import { FAULTY_FLEET } from '../fleet/faulty.js';
import {
  FUNCTION_FAMILIES,
  PORT_PROGRAM_FAMILIES,
  PROGRAM_FUNCTION_FAMILIES,
} from '../functions/index.js';
import { backendSubject } from '../subject.js';
import { contractMutants } from './contract-mutants.js';
import { functionMutants, portProgramMutants } from './function-mutants.js';
import type { Mutant } from './mutant.js';
import { compositeMutants, familyMutants } from './program-mutants.js';
import { resultMutants } from './result-mutants.js';

export type { Mutant } from './mutant.js';

/** The full product of operators, operations, composites and programs, and the mistakes planted by hand. */
export function allMutants(): readonly Mutant[] {
  const withPrograms = new Set(
    [...PROGRAM_FUNCTION_FAMILIES, ...PORT_PROGRAM_FAMILIES].map(({ id }) => id),
  );
  return [
    ...contractMutants(),
    ...resultMutants(),
    ...compositeMutants(FAMILIES),
    ...familyMutants([
      // Gradients and special cases are families of the same programs, or nearly so.
      ...FAMILIES.filter(({ id }) => /^(objective|gradient|finetuning|probe)\/[^/]*$/.test(id)),
      ...PROGRAM_FUNCTION_FAMILIES.filter(({ id }) =>
        /^function\/(target|loss|optim)[^/]*$/.test(id),
      ),
    ]),
    ...functionMutants(FUNCTION_FAMILIES.filter(({ id }) => !withPrograms.has(id))),
    ...portProgramMutants(PORT_PROGRAM_FAMILIES),
    ...FAULTY_FLEET.map(
      ({ name, open, foundBy }): Mutant => ({
        name: `planted: ${name}`,
        open: () => backendSubject(open()),
        seenBy: [foundBy, 'step/', 'trajectory/mae'],
      }),
    ),
  ];
}
