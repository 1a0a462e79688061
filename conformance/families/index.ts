import type { Family } from '../case.js';
import { COMPOSITE_FAMILIES } from './composites.js';
import { ELEMENTWISE_FAMILIES } from './elementwise.js';
import { FINETUNING_FAMILIES } from './finetuning.js';
import { INDEXING_FAMILIES } from './indexing.js';
import { NON_FINITE_FAMILIES } from './non-finite.js';
import { OBJECTIVE_FAMILIES } from './objectives.js';
import { PROBE_FAMILIES } from './probes.js';
import { RANDOM_FAMILIES } from './random-programs.js';
import { SHAPE_FAMILIES } from './shape.js';
import { SUM_FAMILIES } from './sums.js';

/** Every family of cases: primitives first, what is made of them after. */
export const FAMILIES: readonly Family[] = [
  ...ELEMENTWISE_FAMILIES,
  ...SUM_FAMILIES,
  ...SHAPE_FAMILIES,
  ...INDEXING_FAMILIES,
  ...NON_FINITE_FAMILIES,
  ...COMPOSITE_FAMILIES,
  ...OBJECTIVE_FAMILIES,
  ...FINETUNING_FAMILIES,
  ...PROBE_FAMILIES,
  ...RANDOM_FAMILIES,
];
