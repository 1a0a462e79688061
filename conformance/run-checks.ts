import type { Backend } from '../core/backend.js';
import { Breakdown, PortLost } from '../protocol/breakdown.js';
import { LacunaError } from '../spec/errors.js';
import { SPEC_VERSION } from '../spec/version.js';
import { measureAccuracy } from './accuracy.js';
import { type Asked, askedInWords, isAsked } from './asked.js';
import { blockers } from './blocked.js';
import { runCanaries } from './canaries.js';
import { type Check, type CheckOptions, type Finding, verdictOf } from './check.js';
import { checksFor } from './checks.js';
import { type KnownFailure, staleness } from './known-failures.js';
import { type CheckReport, type ConformanceReport, makeReport } from './report/report.js';
import { sha256 } from './sha256.js';
import { backendSubject, type Subject } from './subject.js';

/** The checks that are not asked for are reported as not run. */
export interface RunChecksOptions extends CheckOptions, Asked {
  /** What there is to check. @defaultValue `checksFor` the subject */
  readonly checks?: readonly Check[];
  /** The command that runs the suite on this subject, for the report. @defaultValue none */
  readonly command?: string;
  /** What the subject is known not to pass. @defaultValue nothing */
  readonly known?: readonly KnownFailure[];
  /** The day on which known failures may have run out, as 2027-06-30. @defaultValue today */
  readonly today?: string;
  /** Report a check as blocked where one that it stands on has failed. @defaultValue true */
  readonly block?: boolean;
  /** Called before each check, and with its report after. */
  readonly onCheck?: (check: Check, done: number, report?: CheckReport) => void;
}

/** Runs every check on a subject, one after the other, and reports on all of them. */
export async function runChecks(
  subject: Subject,
  options: RunChecksOptions = {},
): Promise<ConformanceReport> {
  const { seed = 1, checks = checksFor(subject), onCheck, double = false, command } = options;
  const wanted = (check: Check): boolean => isAsked(check, options);
  if (!checks.some(wanted)) {
    throw new LacunaError({
      what: 'there is no such check',
      got: askedInWords(options),
      expected: 'the beginning of an id, a level and a clause that some check has together',
    });
  }
  const reports: CheckReport[] = [];
  // Why nothing more can be asked of the subject: to make the cases that are left would take minutes.
  let lost: string | undefined;
  const ask = async (check: Check): Promise<Finding> => {
    if (!wanted(check)) return NOT_RUN;
    if (lost !== undefined) return verdictOf('not-run', lost);
    try {
      return await find(subject, check, reports, options);
    } catch (error) {
      if (!(error instanceof PortLost)) throw error;
      lost = error.message;
      return verdictOf('not-run', lost);
    }
  };
  for (const [done, check] of checks.entries()) {
    if (wanted(check)) onCheck?.(check, done);
    const start = performance.now();
    const finding = await ask(check);
    const { id, level: own, clauses } = check;
    const seconds = (performance.now() - start) / 1000;
    const report = accepted({ id, level: own, clauses, seconds, ...finding }, options);
    reports.push(report);
    if (wanted(check)) onCheck?.(check, done, report);
  }
  const { backend } = subject;
  const { filter = '', clause } = options;
  // Functions are measured one by one, which takes as long as many checks.
  const isWhole = filter === '' && clause === undefined && options.verdictOnly !== true;
  const measured = backend !== undefined && isWhole && !double && lost === undefined;
  return makeReport({
    spec: SPEC_VERSION,
    suite: await suiteDigest(checks),
    subject: subject.info,
    seed,
    double,
    ...(command === undefined ? {} : { command }),
    checks: reports,
    accuracy: measured ? await orNothing(() => measureAccuracy(backend)) : [],
    canaries:
      double || lost !== undefined ? [] : await orNothing(() => runCanaries(subject, checks)),
  });
}

/** What a subject that refuses even this leaves out of the report; its checks say so already. */
async function orNothing<T>(measure: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await measure();
  } catch (error) {
    if (isSubjects(error)) return [];
    throw error;
  }
}

/** Whether an error is the subject's: it refuses, breaks down or is gone. */
function isSubjects(error: unknown): boolean {
  return error instanceof LacunaError || error instanceof Breakdown || error instanceof PortLost;
}

const NOT_RUN = verdictOf('not-run');

async function find(
  subject: Subject,
  check: Check,
  before: readonly CheckReport[],
  options: RunChecksOptions,
): Promise<Finding> {
  const [blocker] = options.block === false ? [] : blockers(check, before);
  if (blocker !== undefined) return verdictOf('blocked', `it stands on ${blocker}, which failed`);
  try {
    return await check.run(subject, options);
  } catch (error) {
    if (!(error instanceof Breakdown)) throw error;
    const failure = { address: check.id, what: error.message };
    return { ...verdictOf('fail'), cases: 1, failure };
  }
}

/** The report with what is known of its check: the reason, or why that does not count any more. */
function accepted(
  report: CheckReport,
  { known = [], today = new Date().toISOString().slice(0, 10) }: RunChecksOptions,
): CheckReport {
  const entry = known.find(({ check }) => check === report.id);
  if (entry === undefined || report.verdict === 'not-run') return report;
  const stale = staleness(entry, report.verdict === 'pass', today);
  if (stale === undefined) return { ...report, known: entry.reason };
  return { ...report, verdict: 'fail', failure: { address: report.id, what: stale } };
}

/** Sixteen hexadecimal digits that change with the list of checks and what they cite. */
export async function suiteDigest(
  checks: readonly Pick<Check, 'id' | 'level' | 'clauses'>[],
): Promise<string> {
  const text = checks
    .map(({ id, level, clauses }) => `${id} ${level} ${clauses.join()}`)
    .join('\n');
  return (await sha256(new TextEncoder().encode(text))).slice(0, 16);
}

/** `runChecks` on a backend. */
export function checkBackend(
  backend: Backend,
  options: RunChecksOptions = {},
): Promise<ConformanceReport> {
  return runChecks(backendSubject(backend), options);
}
