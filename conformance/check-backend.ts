import fc from 'fast-check';
import type { Backend } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import type { CaseDraw, Family } from './case.js';
import { FAMILIES } from './families/index.js';
import { LAWS, type Law } from './laws.js';
import { type ConformanceReport, type FamilyReport, makeReport } from './report.js';
import { type CaseFailure, type RunOptions, runCase } from './run-case.js';

export interface CheckOptions extends RunOptions {
  /** What the cases are drawn from. @defaultValue 1 */
  readonly seed?: number;
  /** Cases of each family. @defaultValue 30 */
  readonly cases?: number;
  /** Only families whose id begins so; the others are reported as not run. @defaultValue all */
  readonly only?: string;
  /** The path that a failure's message gives: goes straight to its case. Needs `only`. */
  readonly path?: string;
  /** Which families there are. @defaultValue `FAMILIES` */
  readonly families?: readonly Family[];
}

/**
 * Holds a backend to its numeric contract, family by family: each case's results are judged by the
 * bounds of `reference/bounds`, without a tolerance of its own. A failing case is made smaller as
 * far as it still fails.
 */
export async function checkBackend(
  backend: Backend,
  options: CheckOptions = {},
): Promise<ConformanceReport> {
  const { seed = 1, only = '', families = FAMILIES } = options;
  const ids = [...LAWS, ...families].map(({ id }) => id);
  if (!ids.some((id) => id.startsWith(only))) {
    throw new LacunaError({ what: 'no family of cases has an id that begins so', got: only });
  }
  const reports: FamilyReport[] = [];
  const add = async (id: string, check: () => Promise<FamilyReport>): Promise<void> => {
    const wanted = id.startsWith(only);
    reports.push(wanted ? await check() : { ...NOTHING, id, verdict: 'not-run' });
  };
  for (const law of LAWS) await add(law.id, () => checkLaw(backend, law));
  for (const each of families) await add(each.id, () => checkFamily(backend, each, options));
  return makeReport(backend.info, seed, reports);
}

const NOTHING = { cases: 0, elements: 0, undecided: 0, worstRatio: 0 } as const;

/** Checks one rule of the contract. */
export async function checkLaw(backend: Backend, { id, check }: Law): Promise<FamilyReport> {
  const before = backend.liveTensors;
  const message = await check(backend).catch((error: unknown) => {
    if (error instanceof LacunaError) return error.message;
    throw error;
  });
  const leaked = backend.liveTensors - before;
  const report = { ...NOTHING, id, cases: 1 };
  if (message !== undefined) return { ...report, verdict: 'fail', message };
  if (leaked === 0) return { ...report, verdict: 'pass' };
  return { ...report, verdict: 'fail', message: `${leaked} tensors were not released` };
}

/** Runs the cases of one family. */
export async function checkFamily(
  backend: Backend,
  { id, cases }: Family,
  options: CheckOptions = {},
): Promise<FamilyReport> {
  const { seed = 1, cases: count = 30, path } = options;
  const total = { cases: 0, elements: 0, undecided: 0, worstRatio: 0 };
  let smallest: { readonly address: string; readonly failure: CaseFailure } | undefined;
  let refusal: string | undefined;
  const property = fc.asyncProperty(cases, async ({ address, make }: CaseDraw) => {
    const drawn = make();
    const outcome = await runCase(backend, drawn, options).catch((error: unknown): CaseFailure => {
      if (!(error instanceof LacunaError)) throw error;
      refusal ??= `${address}\n${error.message}`;
      return { what: `refused: ${error.message}` };
    });
    if ('what' in outcome) {
      smallest = { address, failure: outcome };
      return false;
    }
    total.cases += 1;
    total.elements += outcome.elements;
    total.undecided += outcome.undecided;
    total.worstRatio = Math.max(total.worstRatio, outcome.worstRatio);
    if (outcome.failure === undefined) return true;
    smallest = { address, failure: outcome.failure };
    return false;
  });
  const details = await fc.check(property, {
    seed,
    numRuns: count,
    ...(path === undefined ? {} : { path }),
  });
  if (!details.failed) {
    const decided = total.elements - total.undecided;
    return { id, verdict: decided * 2 < total.elements ? 'vacuous' : 'pass', ...total };
  }
  if (smallest === undefined) throw details.errorInstance;
  if (refusal !== undefined) return { id, verdict: 'refused', ...total, message: refusal };
  const replay = `seed ${seed}, only '${id}', path '${details.counterexamplePath}'`;
  const message = [smallest.address, describe(smallest.failure), `replay: ${replay}`].join('\n');
  return { id, verdict: 'fail', ...total, message };
}

function describe({ what, deviation }: CaseFailure): string {
  if (deviation === undefined) return what;
  const { output, index, got, want, low, high, ratio } = deviation;
  const times = ratio === Number.POSITIVE_INFINITY ? 'infinitely many' : ratio.toPrecision(3);
  return [
    what,
    `at   ${output}[${index}]`,
    `got  ${got}`,
    `want ${want}, legal from ${low} to ${high}`,
    `that is ${times} times the bound of ${(high - low) / 2}`,
  ].join('\n');
}
