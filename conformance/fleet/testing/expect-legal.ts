import { expect } from 'vitest';
import { CHECKS } from '../../checks.js';
import { formatReport } from '../../report/report.js';
import { checkBackend } from '../../run-checks.js';
import { type FleetMember, LEGAL_FLEET } from '../legal.js';

/** The first of the fleet under each contract. */
export const FIRST_LEGAL: ReadonlySet<FleetMember> = new Set(
  LEGAL_FLEET.filter((member, i) => {
    const { contract } = member.open().info;
    return LEGAL_FLEET.findIndex(({ open }) => open().info.contract === contract) === i;
  }),
);

/** Steps, trajectories and real sizes take seconds each: `scripts/prove-suite.ts` runs all of them. */
const QUICK = CHECKS.filter(({ level, id }) => level < 3 && !id.startsWith('real/'));

/** That a member of the legal fleet passes everything. */
export async function expectLegal({ name, open }: FleetMember): Promise<void> {
  // Members differ in their arithmetic; what holds buffers is the same code in all.
  const checks = QUICK.filter(({ id }) => name === LEGAL_FLEET[0]?.name || !id.startsWith('law/'));
  const report = await checkBackend(open(), { cases: 10, checks });
  expect(report.ok, formatReport(report)).toBe(true);
  expect(report.counts['not-run']).toBe(0);
}
