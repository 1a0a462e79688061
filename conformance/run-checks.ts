import type { Backend } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import type { Level } from './case.js';
import { type Check, type CheckOptions, type Finding, verdictOf } from './check.js';
import { CHECKS } from './checks.js';
import { type CheckReport, type ConformanceReport, makeReport } from './report.js';
import { backendSubject, type Subject } from './subject.js';

export interface RunChecksOptions extends CheckOptions {
  /** Only checks whose id begins so; the others are reported as not run. @defaultValue all */
  readonly filter?: string;
  /** Only checks of this level. @defaultValue all */
  readonly level?: Level;
  /** What there is to check. @defaultValue `CHECKS` */
  readonly checks?: readonly Check[];
  /** Called before each check, and with its finding after. */
  readonly onCheck?: (check: Check, done: number, finding?: CheckReport) => void;
}

/** Runs every check on a subject, one after the other, and reports on all of them. */
export async function runChecks(
  subject: Subject,
  options: RunChecksOptions = {},
): Promise<ConformanceReport> {
  const { seed = 1, filter = '', level, checks = CHECKS, onCheck } = options;
  const wanted = (check: Check): boolean =>
    check.id.startsWith(filter) && (level === undefined || check.level === level);
  if (!checks.some(wanted)) {
    throw new LacunaError({
      what: 'no check has this level and an id that begins so',
      got: level === undefined ? filter : `${filter} at level ${level}`,
    });
  }
  const reports: CheckReport[] = [];
  for (const [done, check] of checks.entries()) {
    if (wanted(check)) onCheck?.(check, done);
    const start = performance.now();
    const finding: Finding = wanted(check)
      ? await check.run(subject, options)
      : verdictOf('not-run');
    const { id, level: own, clauses } = check;
    const seconds = (performance.now() - start) / 1000;
    const report: CheckReport = { id, level: own, clauses, seconds, ...finding };
    reports.push(report);
    if (wanted(check)) onCheck?.(check, done, report);
  }
  return makeReport(subject.info, seed, reports);
}

/** `runChecks` on a backend. */
export function checkBackend(
  backend: Backend,
  options: RunChecksOptions = {},
): Promise<ConformanceReport> {
  return runChecks(backendSubject(backend), options);
}
