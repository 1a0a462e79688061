import { LAWS } from './backend-contract.js';
import type { Family } from './case.js';
import type { Check } from './check.js';
import { ENSEMBLES } from './ensembles.js';
import { FAMILIES } from './families/index.js';
import { familyCheck } from './family-check.js';
import { FUNCTION_FAMILIES, PROGRAM_FUNCTION_FAMILIES } from './functions/index.js';
import { outcomeCheck } from './outcome.js';
import {
  REAL_SIZE_CHECKS,
  SIZED_FUNCTION_CHECKS,
  SIZED_PORT_CHECKS,
  SIZED_PROGRAM_CHECKS,
} from './real-size/index.js';
import {
  bitIdentical,
  PLAN_RELATIONS,
  RELATION_FAMILIES,
  RELATIONS,
  realSize,
} from './relations/index.js';
import { SKIP_CHECKS, STEP_CHECKS, STEP_FAMILIES, TRAJECTORY_CHECKS } from './steps/index.js';
import type { Subject } from './subject.js';
import { FROZEN_CHECKS } from './vectors/frozen.js';

/** Everything that a backend is checked for, what stands on nothing first. */
export const CHECKS: readonly Check[] = checksWith(
  PROGRAM_FUNCTION_FAMILIES,
  FROZEN_CHECKS.filter(({ program }) => program),
);

/** Every check that there is, for backends and for ports. */
export const ALL_CHECKS: readonly Check[] = [...portChecks(), outcomeCheck()];

/** What a port is checked for that has functions and runs no programs. */
export const FUNCTION_CHECKS: readonly Check[] = [
  ...FUNCTION_FAMILIES.map(familyCheck),
  ...SIZED_FUNCTION_CHECKS,
  ...FROZEN_CHECKS.filter(({ call }) => call),
];

/** What takes minutes: operations at the sizes of training, often repeated; relations there. */
export const REAL_CHECKS: readonly Check[] = [...REAL_SIZE_CHECKS, ...bitIdentical(realSize())];

/** For runs in double, where whole steps can be judged by derived bounds. */
export const DOUBLE_CHECKS: readonly Check[] = [
  ...LAWS,
  ...[...FAMILIES, ...RELATION_FAMILIES, ...STEP_FAMILIES].map(familyCheck),
];

/**
 * What a subject is checked for. A backend: everything that is a program. A port: every function
 * that a port can have, since those that it does not declare stay in the count as unsupported; and
 * everything else where it runs programs.
 */
export function checksFor({ functions, backend }: Subject): readonly Check[] {
  if (functions === undefined) return CHECKS;
  return backend === undefined ? FUNCTION_CHECKS : portChecks();
}

/** Without the outcome of a training: a port does not train, and what it is never asked must not fail it. */
function portChecks(): readonly Check[] {
  return [...checksWith(FUNCTION_FAMILIES, FROZEN_CHECKS), ...SIZED_PORT_CHECKS];
}

function checksWith(functions: readonly Family[], frozen: readonly Check[]): readonly Check[] {
  return [
    ...LAWS,
    ...FAMILIES.map(familyCheck),
    ...functions.map(familyCheck),
    ...SIZED_PROGRAM_CHECKS,
    ...ENSEMBLES,
    ...RELATIONS,
    ...STEP_CHECKS,
    ...SKIP_CHECKS,
    ...PLAN_RELATIONS,
    ...TRAJECTORY_CHECKS,
    ...frozen,
  ];
}
