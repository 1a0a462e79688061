import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../core/backend.js';
import { type CheckOptions, checkFamily, checkLaw } from './check-backend.js';
import { FAMILIES } from './families/index.js';
import { LAWS } from './laws.js';

/** What a backend's test file may choose. */
export interface BackendTestOptions
  extends Pick<CheckOptions, 'seed' | 'cases' | 'double' | 'families'> {
  /**
   * Families that this backend is known to fail or refuse, by id, each with the reason. They run
   * all the same, and a test fails once one of them passes.
   */
  readonly known?: Readonly<Record<string, string>>;
}

/**
 * One vitest test for each law and each family of cases. A backend's own test file is:
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
  const { known = {}, families = FAMILIES, ...choices } = options;
  describe(`${name} conforms`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(async () => {
      await backend.dispose();
    });

    const checks = [
      ...LAWS.map((law) => ({ id: law.id, check: () => checkLaw(backend, law) })),
      ...families.map((each) => ({
        id: each.id,
        check: () => checkFamily(backend, each, choices),
      })),
    ];
    for (const { id, check } of checks) {
      const reason = known[id];
      it(reason === undefined ? id : `${id} is known not to: ${reason}`, async () => {
        const { verdict, message } = await check();
        if (reason === undefined) expect(verdict, message).toBe('pass');
        else expect(verdict, 'it passes now: strike it off the known ones').not.toBe('pass');
      });
    }

    it('has no unknown id among the known failures', () => {
      const ids = new Set(checks.map(({ id }) => id));
      expect(Object.keys(known).filter((id) => !ids.has(id))).toEqual([]);
    });
  });
}
