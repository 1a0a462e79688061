import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../core/backend.js';
import { capable } from '../core/testing/capability.js';
import type { Check, CheckOptions } from './check.js';
import { CHECKS } from './checks.js';
import { explain } from './report/report.js';
import { backendSubject } from './subject.js';

/** What a backend's test file may choose. */
export interface BackendTestOptions extends Pick<CheckOptions, 'seed' | 'cases' | 'double'> {
  /** Why it cannot be used here, where it cannot: its tests are then counted as NOT RUN. */
  readonly missing?: string | undefined;
  /** What there is to check. @defaultValue `CHECKS` */
  readonly checks?: readonly Check[];
  /**
   * Checks that this backend is known to fail or refuse, by id, each with the reason. They run
   * all the same, and a test fails once one of them passes.
   */
  readonly known?: Readonly<Record<string, string>>;
}

/**
 * One vitest test for each check. A backend's own test file is:
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
  const { known = {}, checks = CHECKS, missing, ...choices } = options;
  describe.skipIf(!capable(name, missing))(`${name} conforms`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(async () => {
      await backend.dispose();
    });

    for (const { id, level, clauses, run } of checks) {
      const reason = known[id];
      it(reason === undefined ? id : `${id} is known not to: ${reason}`, async () => {
        const finding = await run(backendSubject(backend), choices);
        const report = { id, level, clauses, seconds: 0, ...finding };
        const why = explain(report, choices.seed ?? 1);
        if (reason === undefined) expect(finding.verdict, why).toBe('pass');
        else expect(finding.verdict, 'it passes now: strike it off').not.toBe('pass');
      });
    }

    it('has no unknown id among the known failures', () => {
      const ids = new Set(checks.map(({ id }) => id));
      expect(Object.keys(known).filter((id) => !ids.has(id))).toEqual([]);
    });
  });
}
