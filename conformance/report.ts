import type { Level } from './case.js';
import type { Failure, Finding, Verdict } from './check.js';
import type { Subject } from './subject.js';

/** What came of one check. */
export interface CheckReport extends Finding {
  readonly id: string;
  readonly level: Level;
  readonly clauses: readonly string[];
  readonly seconds: number;
}

/** What came of a run of the suite; plain data, as `report.json` has it. */
export interface ConformanceReport {
  readonly format: 'lacuna-conformance/1';
  readonly subject: Subject['info'];
  readonly seed: number;
  readonly checks: readonly CheckReport[];
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Whether everything that was run passed, and something did. */
  readonly ok: boolean;
}

export function makeReport(
  subject: Subject['info'],
  seed: number,
  checks: readonly CheckReport[],
): ConformanceReport {
  const count = (verdict: Verdict): number =>
    checks.filter((each) => each.verdict === verdict).length;
  const counts = {
    pass: count('pass'),
    fail: count('fail'),
    vacuous: count('vacuous'),
    unsupported: count('unsupported'),
    blocked: count('blocked'),
    'not-run': count('not-run'),
  };
  const ok = counts.pass > 0 && counts.pass + counts['not-run'] === checks.length;
  const { name, version, device, contract, deterministic, claims } = subject;
  const info = { name, version, device, contract, deterministic, claims };
  return { format: 'lacuna-conformance/1', subject: info, seed, checks, counts, ok };
}

/** The report in lines: a summary, then each check that did not pass. */
export function formatReport(report: ConformanceReport): string {
  const { subject, seed, checks, counts } = report;
  const sum = (pick: (each: CheckReport) => number): number =>
    checks.reduce((total, each) => total + pick(each), 0);
  const lines = [
    `${subject.name} ${subject.version} (${subject.device}, contract ${subject.contract}), seed ${seed}`,
    `checks: ${counts.pass} passed, ${counts.fail} failed, ${counts.vacuous} vacuous, ` +
      `${counts.unsupported} unsupported, ${counts.blocked} blocked, ${counts['not-run']} not run; ` +
      `${sum((each) => each.cases)} cases, ${sum((each) => each.elements)} elements, ` +
      `${sum((each) => each.undecided)} of them undecided`,
  ];
  for (const check of checks) {
    if (check.verdict === 'pass' || check.verdict === 'not-run') continue;
    lines.push(`${check.verdict.toUpperCase()} ${check.id}`, indent(explain(check, seed)));
  }
  return lines.join('\n');
}

/** Why a check did not pass: the case, where it is wrong and by how much, and how to see it again. */
export function explain({ id, reason, failure }: CheckReport, seed: number): string {
  if (failure === undefined) return reason ?? '';
  const { address, what, path } = failure;
  const replay = path === undefined ? [] : [`replay: seed ${seed}, filter '${id}', path '${path}'`];
  return [address, what, ...describe(failure), ...replay].join('\n');
}

function describe({ deviation }: Failure): string[] {
  if (deviation === undefined) return [];
  const { output, index, got, want, low, high, ratio } = deviation;
  const times = ratio === Number.POSITIVE_INFINITY ? 'infinitely many' : ratio.toPrecision(3);
  return [
    `at   ${output}[${index}]`,
    `got  ${got}`,
    `want ${want}, legal from ${low} to ${high}`,
    `that is ${times} times the bound of ${(high - low) / 2}`,
  ];
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
