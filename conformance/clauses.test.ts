import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLAUSES, clauseNamed } from '../spec/clauses/index.js';
import { ALL_CHECKS } from './checks.js';
import { FAULTY_FLEET } from './fleet/faulty.js';
import { LEGAL_FLEET } from './fleet/legal.js';
import { checkBackend } from './run-checks.js';
import { specificationPage } from './specification-page.js';

const ids = CLAUSES.map(({ id }) => id);

describe('every clause', () => {
  it('has an id of its own', () => {
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is cited by a check', () => {
    const cited = new Set(ALL_CHECKS.flatMap(({ clauses }) => clauses));
    expect(ids.filter((id) => !cited.has(id))).toEqual([]);
  });

  it('stands on clauses that exist, and not on itself', () => {
    const visit = (id: string, path: readonly string[]): void => {
      expect(path, `${[...path, id].join(' -> ')}`).not.toContain(id);
      for (const need of clauseNamed(id).needs) visit(need, [...path, id]);
    };
    for (const id of ids) visit(id, []);
  });
});

describe('every check', () => {
  it('cites a clause, and only clauses that exist', () => {
    for (const { id, clauses } of ALL_CHECKS) {
      expect(clauses.length, id).toBeGreaterThan(0);
      expect(
        clauses.filter((clause) => !ids.includes(clause)),
        id,
      ).toEqual([]);
    }
  });

  it('comes after those that it stands on, so that it can be blocked by them', () => {
    const last = new Map<string, number>();
    ALL_CHECKS.forEach(({ clauses }, index) => {
      for (const clause of clauses) if (!last.has(clause)) last.set(clause, index);
    });
    const early: string[] = [];
    ALL_CHECKS.forEach(({ id, clauses }, index) => {
      for (const clause of clauses) {
        for (const need of clauseNamed(clause).needs) {
          if ((last.get(need) ?? -1) > index && !clauses.includes(need))
            early.push(`${id} before ${need}`);
        }
      }
    });
    expect(early).toEqual([]);
  });
});

describe('a check that stands on a failed one', () => {
  it('is blocked, and says by what', async () => {
    const fault = FAULTY_FLEET.find(({ name }) => name === 'exp of a rounded argument');
    if (fault === undefined) throw new Error('the fault is gone');
    const checks = ALL_CHECKS.filter(({ id }) =>
      /^(primitive|composite)\/(exp|softmax|gelu|neg)(\/call)?$/.test(id),
    );
    const report = await checkBackend(fault.open(), { checks });
    const verdicts = Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]));
    expect(verdicts).toEqual({
      'primitive/neg': 'pass',
      'primitive/exp': 'fail',
      'composite/softmax/call': 'blocked',
      'composite/gelu/call': 'pass',
    });
    expect(report.checks.find(({ verdict }) => verdict === 'blocked')?.reason).toContain(
      'primitive/exp',
    );
  });

  it('runs where nothing failed', async () => {
    const [member] = LEGAL_FLEET;
    const checks = ALL_CHECKS.filter(({ id }) =>
      /^(primitive|composite)\/(exp|softmax)(\/call)?$/.test(id),
    );
    const report = await checkBackend((member as (typeof LEGAL_FLEET)[number]).open(), { checks });
    expect(report.counts.pass).toBe(2);
  });
});

describe('docs/specification.md', () => {
  it('is what the clauses say: npx tsx scripts/specification.ts', () => {
    const file = join(import.meta.dirname, '..', 'docs', 'specification.md');
    expect(readFileSync(file, 'utf8')).toBe(specificationPage(ALL_CHECKS));
  });
});
