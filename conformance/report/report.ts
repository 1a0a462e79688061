import { clauseNamed } from '../../spec/clauses/index.js';
import type { AccuracyRow } from '../accuracy.js';
import type { Canary } from '../canaries.js';
import type { Level } from '../case.js';
import type { Failure, Finding, Verdict } from '../check.js';
import type { Subject } from '../subject.js';
import { type Origin, replayLine } from './replay.js';

/** What came of one check. */
export interface CheckReport extends Finding {
  readonly id: string;
  readonly level: Level;
  readonly clauses: readonly string[];
  readonly seconds: number;
  /** The reason why it is known not to pass. */
  readonly known?: string;
}

/** What came of a run of the suite; plain data, as `report.json` has it. */
export interface ConformanceReport {
  readonly format: 'lacuna-conformance/1';
  /** The version of the specification, and a digest of the list of checks. */
  readonly spec: string;
  readonly suite: string;
  readonly subject: Subject['info'];
  readonly seed: number;
  readonly double: boolean;
  /** The command that runs the suite on this subject, from which a failure is replayed. */
  readonly command?: string | undefined;
  readonly checks: readonly CheckReport[];
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly accuracy: readonly AccuracyRow[];
  readonly canaries: readonly Canary[];
  /** Whether every canary was judged as it must be; if not, the run proves nothing. True where none were made, too. */
  readonly valid: boolean;
  /**
   * Whether the run is valid, something passed, and all that did not is known, not run, beyond the
   * contract or a SHOULD.
   */
  readonly ok: boolean;
}

export const VERDICTS: readonly Verdict[] = [
  'pass',
  'fail',
  'vacuous',
  'unsupported',
  'blocked',
  'not-run',
];

export function makeReport(
  parts: Pick<
    ConformanceReport,
    | 'spec'
    | 'suite'
    | 'subject'
    | 'seed'
    | 'double'
    | 'command'
    | 'checks'
    | 'accuracy'
    | 'canaries'
  >,
): ConformanceReport {
  const { checks, canaries } = parts;
  const count = (verdict: Verdict): number =>
    checks.filter((each) => each.verdict === verdict).length;
  const counts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, count(verdict)])) as Record<
    Verdict,
    number
  >;
  const valid = canaries.every(({ behaved }) => behaved);
  const ok = valid && counts.pass > 0 && checks.every(isAccepted);
  const { name, version, device, contract, deterministic, claims } = parts.subject;
  const subject = { name, version, device, contract, deterministic, claims };
  return { format: 'lacuna-conformance/1', ...parts, subject, counts, valid, ok };
}

/** Whether what came of a check leaves the run a success. */
export function isAccepted(check: CheckReport): boolean {
  return (
    check.verdict === 'pass' ||
    // With a reason, it was asked for and could not be run: that is no success.
    (check.verdict === 'not-run' && check.reason === undefined) ||
    check.known !== undefined ||
    check.beyondContract === true ||
    isOptional(check)
  );
}

/** Whether a check holds a subject to nothing that it MUST do. */
export function isOptional({ clauses }: Pick<CheckReport, 'clauses'>): boolean {
  return clauses.length > 0 && clauses.every((id) => clauseNamed(id).level === 'SHOULD');
}

/** The report in lines: a summary, then each check that did not pass. */
export function formatReport(report: ConformanceReport): string {
  const { subject, seed, checks, counts, accuracy, canaries } = report;
  const sum = (pick: (each: CheckReport) => number): number =>
    checks.reduce((total, each) => total + pick(each), 0);
  const elements = sum((each) => each.elements);
  const lines: string[] = [];
  for (const check of checks) {
    if (check.verdict === 'pass') continue;
    if (check.verdict === 'not-run' && check.reason === undefined) continue;
    const beyond = check.beyondContract === true ? ' (beyond the contract)' : '';
    const should = isOptional(check) ? ' (a SHOULD)' : beyond;
    const known = check.known === undefined ? should : ` (known: ${check.known})`;
    lines.push(`${check.verdict.toUpperCase()} ${check.id}${known}`);
    lines.push(indent(explain(check, report)));
  }
  const misjudged = canaries.filter(({ behaved }) => !behaved);
  const birds =
    canaries.length === 0
      ? NO_CANARIES
      : `${canaries.length - misjudged.length} of ${canaries.length} canaries as they must be`;
  for (const { name, address, mustFail } of misjudged) {
    lines.push(`INVALID: ${name} was ${mustFail ? 'accepted' : 'refused'}, at ${address}`);
  }
  if (accuracy.length > 0) lines.push('accuracy, observed of granted:', indent(table(accuracy)));
  lines.push(
    `${subject.name} ${subject.version} (${subject.device}, contract ${subject.contract}), seed ${seed}`,
    `checks: ${VERDICTS.map((verdict) => `${counts[verdict]} ${PAST[verdict]}`).join(', ')}`,
    `${sum((each) => each.cases)} cases; ${elements - sum((each) => each.undecided)} of ${elements} ` +
      `elements judged; ${birds}`,
  );
  return lines.join('\n');
}

/** Where nothing that the subject passes could be altered. */
const NO_CANARIES = 'no canaries were made, so nothing shows that this run sees mistakes';

const PAST: Readonly<Record<Verdict, string>> = {
  pass: 'passed',
  fail: 'failed',
  vacuous: 'vacuous',
  unsupported: 'unsupported',
  blocked: 'blocked',
  'not-run': 'not run',
};

/** Why a check did not pass: the case, where it is wrong and by how much, and how to see it again. */
export function explain(check: CheckReport, origin: Origin): string {
  const { reason, failure, clauses } = check;
  if (failure === undefined) return reason ?? '';
  const cited = clauses.length === 0 ? [] : [`clauses ${clauses.join(', ')}`];
  const like = failure.diagnosis === undefined ? [] : [`like ${failure.diagnosis}`];
  const lines = [failure.address, failure.what, ...cited, ...describe(failure), ...like];
  if (failure.program !== undefined) lines.push(`program: ${failure.program}`);
  const again = replayLine(check, origin);
  return [...lines, ...(again === undefined ? [] : [again])].join('\n');
}

function describe({ deviation }: Failure): string[] {
  if (deviation === undefined) return [];
  const { output, index, got, want, low, high, ratio } = deviation;
  const times = Number.isFinite(ratio) ? ratio.toPrecision(3) : 'infinitely many';
  return [
    `at   ${output}[${index}]`,
    `got  ${got}`,
    `want ${want}, legal from ${low} to ${high}`,
    `that is ${times} times the bound of ${(high - low) / 2}`,
  ];
}

function table(rows: readonly AccuracyRow[]): string {
  return rows
    .map(({ function: name, observed, granted, statistical }) => {
      const seen = observed.toPrecision(2);
      if (granted !== undefined) return `${name.padEnd(11)} ${seen} of ${granted} ulp`;
      const share = `${(100 * observed).toPrecision(2)} % of the worst case`;
      return `${name.padEnd(11)} ${share}, ${(statistical ?? 0).toPrecision(2)} of 4 sqrt(n) u sum |x|`;
    })
    .join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
