import type { CheckReport, ConformanceReport } from './report.js';

/** A check whose verdict or margin is another in a newer report. */
export interface Change {
  readonly id: string;
  readonly clauses: readonly string[];
  readonly what: string;
  /** Whether the newer report is the worse one there. */
  readonly worse: boolean;
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
  for (const [id, { clauses }] of before) {
    if (!after.has(id)) changes.push({ id, clauses, what: 'is gone', worse: true });
  }
  return changes;
}

function difference(
  old: CheckReport | undefined,
  recent: CheckReport,
): Pick<Change, 'what' | 'worse'> | undefined {
  if (old === undefined)
    return { what: `is new: ${recent.verdict}`, worse: recent.verdict === 'fail' };
  if (old.verdict !== recent.verdict) {
    return { what: `${old.verdict} -> ${recent.verdict}`, worse: recent.verdict !== 'pass' };
  }
  const [low, high] = [old.worstRatio, recent.worstRatio];
  if (Math.max(low, high) < NEAR || (high < low * FACTOR && low < high * FACTOR)) return undefined;
  const what = `error over bound ${low.toPrecision(2)} -> ${high.toPrecision(2)}`;
  return { what, worse: high > low };
}
