import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLAUSES } from '../../spec/clauses/index.js';
import { parseAddress } from '../address.js';
import { ALL_CHECKS } from '../checks.js';
import { judgeCase } from '../family-check.js';
import { DEEP, MODELS, PLANS, TEST_CASES } from '../test-cases.js';
import { allMutants } from './index.js';
import { type Kill, killBy } from './prove.js';
import { SURVIVORS } from './survivors.js';

interface Proof {
  readonly mutants: number;
  readonly killed: number;
  readonly legalRuns: number;
  readonly falseAlarms: number;
  readonly survivors: readonly { readonly mutant: string; readonly reason: string }[];
  readonly cases: readonly { readonly cases: number; readonly found: number }[];
  readonly clauses: Readonly<Record<string, { readonly violated: number; readonly by?: Kill }>>;
}

/** What `scripts/prove-suite.ts` found. */
const proof = JSON.parse(readFileSync(join(import.meta.dirname, 'kills.json'), 'utf8')) as Proof;
/** What was found of each mistake that `scripts/plant-mistakes.ts` planted, by the check that found it. */
const planted = JSON.parse(
  readFileSync(join(import.meta.dirname, 'planted.json'), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, string>>>>;
const mutants = new Map(allMutants().map((mutant) => [mutant.name, mutant]));

describe('the proof of the suite', () => {
  it('is of the mutants that there are now: npx tsx scripts/prove-suite.ts', () => {
    expect(proof.mutants).toBe(mutants.size);
  });

  it('found no false alarm in a thousand runs and more', () => {
    expect(proof.legalRuns).toBeGreaterThanOrEqual(1000);
    expect(proof.falseAlarms).toBe(0);
  });

  it('is found by the number of cases that backends are tested with, as by those of `lacuna conform`', () => {
    const foundBy = (most: number): number =>
      proof.cases.find(({ cases }) => cases === most)?.found ?? Number.NaN;
    expect(foundBy(TEST_CASES) / foundBy(30)).toBeGreaterThan(0.99);
  });

  it("needs neither a whole model nor a deep step's gradients for what was planted in a backend, of which tests take few or none", () => {
    const needed = ['onnx', 'tfjs', 'webgpu', 'xla'].flatMap((backend) => {
      const found = Object.entries(planted[backend] ?? {});
      expect(found.length, backend).toBeGreaterThan(0);
      return found.filter(([, check]) => MODELS.test(check) || DEEP.test(check));
    });
    expect(needed).toEqual([]);
  });

  it('needs neither plans nor trajectories for what was planted in a backend that is not the embedded one', () => {
    const needed = ['tfjs', 'webgpu', 'xla'].flatMap((backend) =>
      Object.entries(planted[backend] ?? {}).filter(([, check]) => PLANS.test(check)),
    );
    expect(needed).toEqual([]);
  });

  it('names every survivor, with the reason', () => {
    expect(proof.survivors.length).toBe(proof.mutants - proof.killed);
    const without = proof.survivors.filter(
      ({ mutant }) => !SURVIVORS.some(({ mutants: pattern }) => pattern.test(mutant)),
    );
    expect(without).toEqual([]);
  });

  it('has a mutant that violates every clause that MUST hold', () => {
    const required = CLAUSES.filter(({ level }) => level === 'MUST').map(({ id }) => id);
    expect(required.filter((id) => (proof.clauses[id]?.violated ?? 0) === 0)).toEqual([]);
  });
});

describe('a mutant that was found violating a clause', () => {
  const recorded = new Map<string, Kill>();
  for (const { by } of Object.values(proof.clauses)) {
    if (by !== undefined) recorded.set(`${by.mutant}: ${by.check}`, by);
  }
  // Trajectories take seconds each; the proof itself runs them.
  const quick = [...recorded.values()].filter(({ check }) => !check.startsWith('trajectory'));

  it.each(quick)('is found again: $mutant, by $check', async ({ mutant, check: id, address }) => {
    const check = ALL_CHECKS.find((each) => each.id === id);
    const subject = mutants.get(mutant)?.open();
    if (check === undefined || subject === undefined) throw new Error('it is gone');
    if (check.family === undefined || address === undefined) {
      expect(await killBy(mutant, subject, check)).toBeDefined();
      return;
    }
    const finding = await judgeCase(subject, check.family, parseAddress(address).parameters);
    expect(finding.verdict).toBe('fail');
  });
});
