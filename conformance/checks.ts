import type { Check } from './check.js';
import { FAMILIES } from './families/index.js';
import { familyCheck } from './family-check.js';
import { LAWS } from './laws.js';
import { RELATION_FAMILIES, RELATIONS } from './relations/index.js';
import { STEP_CHECKS, STEP_FAMILIES, TRAJECTORY_CHECKS } from './steps/index.js';

/** Everything that a backend is checked for, what stands on nothing first. */
export const CHECKS: readonly Check[] = [
  ...LAWS,
  ...FAMILIES.map(familyCheck),
  ...RELATIONS,
  ...STEP_CHECKS,
  ...TRAJECTORY_CHECKS,
];

/** For runs in double, where whole steps can be judged by derived bounds. */
export const DOUBLE_CHECKS: readonly Check[] = [
  ...LAWS,
  ...[...FAMILIES, ...RELATION_FAMILIES, ...STEP_FAMILIES].map(familyCheck),
];
