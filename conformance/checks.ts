import type { Check } from './check.js';
import { ENSEMBLES } from './ensembles.js';
import { FAMILIES } from './families/index.js';
import { familyCheck } from './family-check.js';
import { LAWS } from './laws.js';
import { PLAN_RELATION, RELATION_FAMILIES, RELATIONS } from './relations/index.js';
import { STEP_CHECKS, STEP_FAMILIES, TRAJECTORY_CHECKS } from './steps/index.js';

/** Everything that a backend is checked for, what stands on nothing first. */
export const CHECKS: readonly Check[] = [
  ...LAWS,
  ...FAMILIES.map(familyCheck),
  ...ENSEMBLES,
  ...RELATIONS,
  ...STEP_CHECKS,
  PLAN_RELATION,
  ...TRAJECTORY_CHECKS,
];

/** For runs in double, where whole steps can be judged by derived bounds. */
export const DOUBLE_CHECKS: readonly Check[] = [
  ...LAWS,
  ...[...FAMILIES, ...RELATION_FAMILIES, ...STEP_FAMILIES].map(familyCheck),
];

/** Every check that there is, for backends and for ports. */
export const ALL_CHECKS: readonly Check[] = CHECKS;
