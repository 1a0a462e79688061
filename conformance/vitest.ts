import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../core/backend.js';
import { capable } from '../core/testing/capability.js';
import type { Check, CheckOptions } from './check.js';
import { type KnownFailure, staleness } from './known-failures.js';
import { explain } from './report/report.js';
import { backendSubject } from './subject.js';
import { TESTED, testCasesOf } from './test-cases.js';

/** What a backend's test file may choose. */
export interface BackendTestOptions extends Pick<CheckOptions, 'seed' | 'cases' | 'double'> {
  /** Why it cannot be used here, where it cannot: its tests are then counted as NOT RUN. */
  readonly missing?: string | undefined;
  /** What there is to check. @defaultValue `TESTED` */
  readonly checks?: readonly Check[];
  /**
   * What this backend is known not to pass. It runs all the same; a test fails once one of them
   * passes, or its day is over.
   */
  readonly known?: readonly KnownFailure[];
}

/**
 * One vitest test for each check, of `TEST_CASES` cases where nothing else is chosen, of whole models fewer. A backend's own test file is:
 *
 * ```ts
 * testBackend('onnx', () => ONNX.open());
 * ```
 */
export function testBackend(
  name: string,
  open: () => Promise<Backend>,
  options: BackendTestOptions = {},
): void {
  const { known = [], checks = TESTED, missing, ...choices } = options;
  describe.skipIf(!capable(name, missing))(`${name} conforms`, () => {
    const today = new Date().toISOString().slice(0, 10);
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(async () => {
      await backend.dispose();
    });

    for (const { id, level, clauses, run } of checks) {
      const entry = known.find(({ check }) => check === id);
      it(entry === undefined ? id : `${id}, ${entry.kind}: ${entry.reason}`, async () => {
        const cases = testCasesOf(id, choices.cases);
        const finding = await run(backendSubject(backend), { ...choices, cases });
        const report = { id, level, clauses, seconds: 0, ...finding };
        const why = explain(report, { seed: choices.seed ?? 1 });
        if (finding.beyondContract === true) {
          expect(finding.verdict, finding.reason).toBe('unsupported');
          return;
        }
        if (entry === undefined) expect(finding.verdict, why).toBe('pass');
        else expect(staleness(entry, finding.verdict === 'pass', today)).toBeUndefined();
      });
    }

    it('has no unknown id among the known failures', () => {
      const ids = new Set(checks.map(({ id }) => id));
      expect(known.filter(({ check }) => !ids.has(check))).toEqual([]);
    });
  });
}
