import { describe, expect, it } from 'vitest';
import { CHECKS } from '../checks.js';
import { formatReport } from '../report/report.js';
import { checkBackend } from '../run-checks.js';
import { FAULTY_FLEET } from './faulty.js';
import { type FleetMember, LEGAL_FLEET } from './legal.js';

/** Steps, trajectories and real sizes take seconds each: `scripts/prove-suite.ts` runs all of them. */
const QUICK = CHECKS.filter(({ level, id }) => level < 3 && !id.startsWith('real/'));

describe('a legal backend passes everything', () => {
  it.each(LEGAL_FLEET)('$name', async ({ open }) => {
    const report = await checkBackend(open(), { cases: 10, checks: QUICK });
    expect(report.ok, formatReport(report)).toBe(true);
    expect(report.counts['not-run']).toBe(0);
  });

  it.each([
    ['sums in order', /^(step\/(mae|joint)|relation)/],
    // The step that showed that the order counts.
    ['sums and products regrouped, as WGSL allows', /^step\/contrastive/],
  ])('whole steps, too: %s', async (wanted, ids) => {
    const { open } = LEGAL_FLEET.find(({ name }) => name === wanted) as FleetMember;
    const checks = CHECKS.filter(({ id }) => ids.test(id));
    const report = await checkBackend(open(), { checks });
    expect(report.ok, formatReport(report)).toBe(true);
  });

  it('there are at least twelve of them', () => {
    expect(new Set(LEGAL_FLEET.map(({ name }) => name)).size).toBeGreaterThanOrEqual(12);
  });
});

describe('a planted fault is found', () => {
  it.each(FAULTY_FLEET)('$name', async ({ open, foundBy }) => {
    const report = await checkBackend(open(), { filter: foundBy, block: false });
    expect(report.counts.fail, formatReport(report)).toBeGreaterThan(0);
    expect(report.ok).toBe(false);
  });

  it('as often as there are names: none is planted twice', () => {
    const names = new Set(FAULTY_FLEET.map(({ name }) => name));
    expect(names.size).toBe(FAULTY_FLEET.length);
    expect(FAULTY_FLEET.length).toBeGreaterThanOrEqual(61);
  });
});
