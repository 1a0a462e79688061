import type { Check } from './check.js';
import { CHECKS } from './checks.js';

/**
 * Cases of each family in a backend's tests. Of the mutants that 30 cases find, 12 find all but some in a
 * thousand (`docs/proof.md`, by the number of cases of all families; `mutants/proof.test.ts` holds it to that), and half of a
 * backend's time goes into families. `lacuna conform` takes 30.
 */
export const TEST_CASES = 12;

/**
 * Cases of a whole model, each of other extents, so that a backend compiles hundreds of kernels for it. Its operations
 * have families of their own; of the mutants of models alone, 4 cases found all that 12 find, when that was counted; and no
 * mistake that was planted in a backend needed one (`mutants/proof.test.ts` holds it to that).
 */
const MODEL_CASES = 4;
export const MODELS: RegExp = /^function\/model\.(forward|space_time|text)/;

/** Cases of a family in a backend's tests, where `usual` are asked for. */
export function testCasesOf(id: string, usual: number = TEST_CASES): number {
  return MODELS.test(id) ? Math.min(usual, MODEL_CASES) : usual;
}

/**
 * What the embedded backend is tested for: all but the trajectory of a model that reconstructs, whose every operation is one of
 * `trajectory/joint`, too. Its envelope is 32 runs of eight steps, anew for each contract. `lacuna conform` has it.
 */
export const TESTED_EMBEDDED: readonly Check[] = CHECKS.filter(({ id }) => id !== 'trajectory/mae');

/**
 * What other backends are tested for: the deep step runs, and its update is judged, but not its 80,000 gradients, of which 32
 * legal runs take a third of the time of all steps. No mistake that was planted in a backend needed them
 * (`mutants/proof.test.ts` holds it to that). `lacuna conform` has them.
 */
export const DEEP: RegExp = /^step\/deep\/gradients/;

/**
 * What the long tests have of other backends: how plans relate, trajectories, and the deep step. They run whole steps, or large ones; no
 * mistake that was planted in one of these backends needed them (`mutants/proof.test.ts` holds it to that).
 */
export const PLANS: RegExp = /^(relation\/plans|trajectory\/|step\/deep\/)/;
const OTHERS = TESTED_EMBEDDED.filter(({ id }) => !DEEP.test(id));
export const TESTED: readonly Check[] = OTHERS.filter(({ id }) => !PLANS.test(id));
export const TESTED_LONG: readonly Check[] = OTHERS.filter(({ id }) => PLANS.test(id));
