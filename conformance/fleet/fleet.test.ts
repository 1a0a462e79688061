import { describe, expect, it } from 'vitest';
import { formatReport } from '../report.js';
import { checkBackend } from '../run-checks.js';
import { FAULTY_FLEET } from './faulty.js';
import { LEGAL_FLEET } from './legal.js';

describe('a legal backend passes everything', () => {
  it.each(LEGAL_FLEET)('$name', async ({ open }) => {
    const report = await checkBackend(open(), { cases: 15 });
    expect(report.ok, formatReport(report)).toBe(true);
    expect(report.counts['not-run']).toBe(0);
  });
});

describe('a planted fault is found', () => {
  it.each(FAULTY_FLEET)('$name', async ({ open, foundBy }) => {
    const report = await checkBackend(open(), { filter: foundBy });
    expect(report.counts.fail, formatReport(report)).toBeGreaterThan(0);
    expect(report.ok).toBe(false);
  });

  it('as often as there are names: none is planted twice', () => {
    const names = new Set(FAULTY_FLEET.map(({ name }) => name));
    expect(names.size).toBe(FAULTY_FLEET.length);
    expect(FAULTY_FLEET.length).toBeGreaterThanOrEqual(59);
  });
});
