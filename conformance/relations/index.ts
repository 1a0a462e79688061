import type { Check } from '../check.js';
import { familyCheck } from '../family-check.js';
import { bitIdentical, TINY_SIZE } from './bit-identical.js';
import { RELATION_FAMILIES } from './families.js';

export { bitIdentical, type RelationSize, realSize } from './bit-identical.js';
export { RELATION_FAMILIES } from './families.js';
export { PLAN_RELATIONS } from './plans.js';

/** What holds at any size; `bitIdentical` gives those that run at real sizes, too. */
export const RELATIONS: readonly Check[] = [
  ...bitIdentical(TINY_SIZE),
  ...RELATION_FAMILIES.map(familyCheck),
];
