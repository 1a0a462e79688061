import fc from 'fast-check';
import { CONTRACTS, type NumericContract } from '../spec/contracts/index.js';
import { LacunaError } from '../spec/errors.js';
import { type CaseParameters, formatAddress } from './address.js';
import type { Case, Exemption, Family } from './case.js';
import { caseAt } from './case-at.js';
import {
  beyondContract,
  type Check,
  type CheckOptions,
  type Failure,
  type Finding,
  verdictOf,
} from './check.js';
import { diagnose } from './diagnose.js';
import { caseInRange } from './in-range.js';
import { keptBounds } from './kept-bounds.js';
import { type CaseFailure, type CaseResult, hasFloats, runCase } from './run-case.js';
import type { Subject } from './subject.js';

/** The share of elements that a family must be able to judge, unless it is exempt. */
const JUDGED = 0.95;

/** Of so many cases one is run in f64, too, where the subject has it. */
const CASES_PER_DOUBLE = 10;

/**
 * The check that runs the cases of a family: each is judged by the bounds of its computation,
 * without a tolerance of its own. A failing case is made smaller as far as it still fails.
 */
export function familyCheck(family: Family): Check {
  const { id, level, clauses } = family;
  const run: Check['run'] = async (subject, options) => {
    const found = await runFamily(subject, family, options);
    const isAsked = subject.info.float64 === true && options.double !== true;
    return isAsked && found.verdict === 'pass' && options.path === undefined
      ? withDouble(found, subject, family, options)
      : found;
  };
  return { id, level, clauses, family, isRecorded: true, run };
}

/** Why a numeric contract leaves a family without a verdict, where it does. */
export function notPromised(
  { needs }: { readonly needs?: Family['needs'] | undefined },
  contract: NumericContract,
): string | undefined {
  if (needs !== 'non-finite' || CONTRACTS[contract].nonFinite === 'kept') return undefined;
  return `${contract} promises nothing about NaN and infinities`;
}

/** What was found in f32, with some of the same cases in f64, where bounds are so much narrower. */
async function withDouble(
  found: Finding,
  subject: Subject,
  family: Family,
  { seed = 1, cases: count = 30 }: CheckOptions,
): Promise<Finding> {
  const few = Math.max(1, Math.round(count / CASES_PER_DOUBLE));
  let { cases, worstRatio } = found;
  for (const parameters of fc.sample(family.parameters, { seed, numRuns: few })) {
    const drawn = caseInRange(family, parameters, subject.info.contract);
    if (!hasFloats(drawn)) continue;
    const address = formatAddress(family.id, parameters);
    const outcome = await runCase(
      subject,
      drawn,
      { double: true },
      keptBounds(family, address),
    ).catch(refusalAt(address));
    if (typeof outcome === 'string') {
      return { ...found, verdict: 'unsupported', reason: `in f64: ${outcome}` };
    }
    cases += 1;
    worstRatio = Math.max(worstRatio, outcome.worstRatio);
    if (outcome.failure === undefined) continue;
    const what = `${outcome.failure.what}, in f64 (--double)`;
    const failure: Failure = { address, ...outcome.failure, what, double: true };
    return { ...found, cases, worstRatio, verdict: 'fail', failure };
  }
  return { ...found, cases, worstRatio };
}

/** Makes a sentence of what a subject refuses. */
function refusalAt(address: string): (error: unknown) => string {
  return (error) => {
    if (!(error instanceof LacunaError)) throw error;
    return `${address}\n${error.message}`;
  };
}

async function runFamily(
  subject: Subject,
  family: Family,
  options: CheckOptions,
): Promise<Finding> {
  const { id, parameters, exemption, needs, most } = family;
  const { seed = 1, cases: asked = 30, path, verdictOnly = false } = options;
  const count = Math.min(asked, most ?? asked);
  const refused = notPromised({ needs }, subject.info.contract);
  if (refused !== undefined) return beyondContract(refused);
  const total = { cases: 0, elements: 0, undecided: 0, worstRatio: 0 };
  let smallest:
    | { readonly address: string; readonly failure: CaseFailure; readonly explain: () => Explained }
    | undefined;
  let refusal: string | undefined;
  let broken = false;
  const property = fc.asyncProperty(parameters, async (values) => {
    // After a breakdown nothing smaller is sought: each try may cost a deadline and a start. Nor is
    // the smallest case sought that is refused.
    if (broken || (refusal !== undefined && smallest === undefined)) return true;
    const address = formatAddress(id, values);
    const drawn = caseInRange(family, values, subject.info.contract);
    const outcome = await runCase(subject, drawn, options, keptBounds(family, address)).catch(
      refusalAt(address),
    );
    if (typeof outcome === 'string') {
      refusal ??= outcome;
      return false;
    }
    options.onCase?.({ id, address, result: outcome });
    total.cases += 1;
    total.elements += outcome.elements;
    total.undecided += outcome.undecided;
    total.worstRatio = Math.max(total.worstRatio, outcome.worstRatio);
    if (outcome.failure === undefined) return true;
    smallest = { address, failure: outcome.failure, explain: () => explained(drawn, outcome) };
    broken = outcome.failure.breakdown === true;
    return false;
  });
  const from = path === undefined ? {} : { path };
  const how = { seed, numRuns: count, endOnFailure: verdictOnly, ...from };
  const details = await fc.check(property, how);
  if (!details.failed) return { ...total, ...judgedShare(total, subject.info.contract, exemption) };
  if (smallest !== undefined) {
    const { address, failure: found, explain } = smallest;
    const path_ = `${details.counterexamplePath}`;
    const diagnosis = verdictOnly ? {} : explain();
    const failure: Failure = { address, ...found, path: path_, ...diagnosis };
    return { ...total, verdict: 'fail', failure };
  }
  if (refusal !== undefined) return { ...total, verdict: 'unsupported', reason: refusal };
  throw details.errorInstance;
}

type Explained = Pick<Failure, 'diagnosis'>;

/** The known mistake that the results of the last run look like. */
function explained({ program, runs }: Case, { outputs, failure }: CaseResult): Explained {
  const [inputs, got] = [runs[outputs.length - 1], outputs.at(-1)];
  if (program === undefined || failure?.deviation === undefined) return {};
  if (inputs === undefined || got === undefined) return {};
  const diagnosis = diagnose(program, inputs, got);
  return diagnosis === undefined ? {} : { diagnosis };
}

/** Whether enough of the elements could be judged: a pass, or a proof of nothing. */
export function judgedShare(
  { elements, undecided }: Pick<Finding, 'elements' | 'undecided'>,
  contract: NumericContract,
  { judged: usual, judgedOfRoundedFactors, reason }: Exemption = { judged: JUDGED, reason: '' },
): Pick<Finding, 'verdict' | 'reason'> {
  const least =
    CONTRACTS[contract].factors === undefined ? usual : (judgedOfRoundedFactors ?? usual);
  if (elements > 0 && elements - undecided >= least * elements) return { verdict: 'pass' };
  const why = `${elements - undecided} of ${elements} elements could be judged, ${least * 100} % must be`;
  return { verdict: 'vacuous', reason: reason === '' ? why : `${why} (${reason})` };
}

/** The verdict on the one case that the parameters make. @throws LacunaError where they make none. */
export async function judgeCase(
  subject: Subject,
  family: Family,
  parameters: CaseParameters,
  options: CheckOptions = {},
): Promise<Finding> {
  const address = formatAddress(family.id, parameters);
  const drawn = caseAt(family, parameters, subject.info.contract);
  const outcome = await runCase(subject, drawn, options);
  if (typeof outcome === 'string') return verdictOf('unsupported', outcome);
  const { elements, undecided, worstRatio, failure } = outcome;
  const total = { cases: 1, elements, undecided, worstRatio };
  if (failure === undefined) return { ...total, verdict: 'pass' };
  return {
    ...total,
    verdict: 'fail',
    failure: { address, ...failure, ...explained(drawn, outcome) },
  };
}
