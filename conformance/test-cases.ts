/**
 * Cases of each family in a backend's tests. Of the mutants that 30 cases find, 12 find all but some in a
 * thousand (`docs/proof.md`, by the number of cases; `mutants/proof.test.ts` holds it to that), and half of a
 * backend's time goes into families. `lacuna conform` takes 30.
 */
export const TEST_CASES = 12;
