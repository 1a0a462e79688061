import { type CheckReport, type ConformanceReport, isAccepted } from './report.js';

/** A check whose verdict or margin is another in a newer report. */
export interface Change {
  readonly id: string;
  readonly clauses: readonly string[];
  readonly what: string;
  /** What that is for the subject; a check that one of the runs left out tells nothing. */
  readonly effect: 'better' | 'worse' | 'neither';
}

/** Margins count as changed from a factor of two on, where they come near to the bound. */
const FACTOR = 2;
const NEAR = 0.1;

export function compareReports(
  old: ConformanceReport,
  recent: ConformanceReport,
): readonly Change[] {
  const before = new Map(old.checks.map((check) => [check.id, check]));
  const after = new Map(recent.checks.map((check) => [check.id, check]));
  const changes: Change[] = [];
  for (const [id, check] of after) {
    const change = difference(before.get(id), check);
    if (change !== undefined) changes.push({ id, clauses: check.clauses, ...change });
  }
  for (const [id, check] of before) {
    if (after.has(id)) continue;
    const effect = isLeftOut(check) ? 'neither' : 'worse';
    changes.push({ id, clauses: check.clauses, what: 'is gone', effect });
  }
  return changes;
}

function difference(
  old: CheckReport | undefined,
  recent: CheckReport,
): Pick<Change, 'what' | 'effect'> | undefined {
  const isBad = rank(recent) === 0;
  if (old === undefined) {
    return { what: `is new: ${said(recent)}`, effect: isBad ? 'worse' : 'neither' };
  }
  if (old.verdict !== recent.verdict) {
    const what = `${said(old)} -> ${said(recent)}`;
    if (isLeftOut(recent)) return { what, effect: 'neither' };
    if (isLeftOut(old)) return { what, effect: isBad ? 'worse' : 'neither' };
    const step = rank(recent) - rank(old);
    return { what, effect: step === 0 ? 'neither' : step > 0 ? 'better' : 'worse' };
  }
  const [low, high] = [old.worstRatio, recent.worstRatio];
  if (Math.max(low, high) < NEAR || (high < low * FACTOR && low < high * FACTOR)) return undefined;
  const what = `error over bound ${low.toPrecision(2)} -> ${high.toPrecision(2)}`;
  return { what, effect: high > low ? 'worse' : 'better' };
}

/** By a filter or a level: its verdict says nothing of the subject. */
function isLeftOut({ verdict, reason }: CheckReport): boolean {
  return verdict === 'not-run' && reason === undefined;
}

function said(check: CheckReport): string {
  return isLeftOut(check) ? 'left out' : check.verdict;
}

/** 2: passed; 1: no failure of the run; 0: one. */
function rank(check: CheckReport): 0 | 1 | 2 {
  if (check.verdict === 'pass') return 2;
  return isAccepted(check) ? 1 : 0;
}
