import type { Check } from '../check.js';
import { SIZED_COMPOSITES } from './composites.js';
import { SIZED_ELEMENTWISE } from './elementwise.js';
import { SIZED_FUNCTIONS, SIZED_PORT_FUNCTIONS } from './functions.js';
import { SIZED_INDEXING } from './indexing.js';
import { GATE_REPETITIONS, REAL_REPETITIONS, repetitionChecks } from './repetition.js';
import { type SizedFamily, sizedCheck } from './sized-family.js';
import { SIZED_SUMS } from './sums.js';

/** Everything at real sizes that is a program, what stands on nothing first. */
const PROGRAMS: readonly SizedFamily[] = [
  ...SIZED_ELEMENTWISE,
  ...SIZED_SUMS,
  ...SIZED_INDEXING,
  ...SIZED_COMPOSITES,
  ...SIZED_FUNCTIONS,
];

/** All cases at real sizes: of functions that only ports have, too. */
export const SIZED_FAMILIES: readonly SizedFamily[] = [...PROGRAMS, ...SIZED_PORT_FUNCTIONS];

/** What programs compute at real sizes, as every run judges it in a few seconds. */
export const SIZED_PROGRAM_CHECKS: readonly Check[] = [
  ...repetitionChecks(GATE_REPETITIONS),
  ...PROGRAMS.map((own) => sizedCheck(own, false)),
];

/** What functions give there that only ports have. */
export const SIZED_PORT_CHECKS: readonly Check[] = SIZED_PORT_FUNCTIONS.map((own) =>
  sizedCheck(own, false),
);

/** What ports are checked for that have functions and run no programs. */
export const SIZED_FUNCTION_CHECKS: readonly Check[] = [
  ...SIZED_FUNCTIONS.map((own) => sizedCheck(own, false)),
  ...SIZED_PORT_CHECKS,
];

/** The same and more: the sizes, and the repetitions, that take minutes. */
export const REAL_SIZE_CHECKS: readonly Check[] = [
  ...repetitionChecks(REAL_REPETITIONS),
  ...SIZED_FAMILIES.map((own) => sizedCheck(own, true)),
];
