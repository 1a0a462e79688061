import type { BackendInfo } from '../core/backend.js';

/**
 * - `pass`: every case kept to its bounds.
 * - `fail`: one did not.
 * - `vacuous`: none failed, but most elements could not be decided, so that nothing is proven.
 * - `refused`: the backend says that it cannot run such programs.
 * - `not-run`: left out of this run.
 */
export type Verdict = 'pass' | 'fail' | 'vacuous' | 'refused' | 'not-run';

export interface FamilyReport {
  readonly id: string;
  readonly verdict: Verdict;
  readonly cases: number;
  /** Elements compared, and those of them whose bounds are too wide to prove anything. */
  readonly elements: number;
  readonly undecided: number;
  /** The largest ratio of error to bound that occurred. */
  readonly worstRatio: number;
  /** For `fail` and `refused`: what was wrong, where, and how to see it again. */
  readonly message?: string;
}

export interface ConformanceReport {
  readonly backend: BackendInfo;
  readonly seed: number;
  readonly families: readonly FamilyReport[];
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Whether everything that was run passed, and something did. */
  readonly ok: boolean;
}

export function makeReport(
  backend: BackendInfo,
  seed: number,
  families: readonly FamilyReport[],
): ConformanceReport {
  const count = (verdict: Verdict): number =>
    families.filter((each) => each.verdict === verdict).length;
  const counts = {
    pass: count('pass'),
    fail: count('fail'),
    vacuous: count('vacuous'),
    refused: count('refused'),
    'not-run': count('not-run'),
  };
  const ok = counts.pass > 0 && counts.pass + counts['not-run'] === families.length;
  return { backend, seed, families, counts, ok };
}

/** The report in lines: a summary, then each family that did not pass. */
export function formatReport(report: ConformanceReport): string {
  const { backend, seed, families, counts } = report;
  const sum = (pick: (each: FamilyReport) => number): number =>
    families.reduce((total, each) => total + pick(each), 0);
  const lines = [
    `${backend.name} ${backend.version} (${backend.device}, contract ${backend.contract}), seed ${seed}`,
    `families: ${counts.pass} passed, ${counts.fail} failed, ${counts.vacuous} vacuous, ` +
      `${counts.refused} refused, ${counts['not-run']} not run; ${sum((each) => each.cases)} cases, ` +
      `${sum((each) => each.elements)} elements, ${sum((each) => each.undecided)} of them undecided`,
  ];
  for (const { verdict, id, message } of families) {
    if (verdict !== 'pass' && verdict !== 'not-run') lines.push(`${verdict.toUpperCase()} ${id}`);
    if (message !== undefined) lines.push(indent(message));
  }
  return lines.join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
