import type { Check } from './check.js';
import { FAMILIES, STEP_FAMILIES } from './families/index.js';
import { familyCheck } from './family-check.js';
import { LAWS } from './laws.js';

/** Everything that a backend is checked for, what stands on nothing first. */
export const CHECKS: readonly Check[] = [...LAWS, ...FAMILIES.map(familyCheck)];

/** More, for runs in double only. */
export const DOUBLE_CHECKS: readonly Check[] = [...CHECKS, ...STEP_FAMILIES.map(familyCheck)];
