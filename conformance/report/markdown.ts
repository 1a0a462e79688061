import type { Level } from '../case.js';
import { markdownTable } from './markdown-table.js';
import { type ConformanceReport, explain, VERDICTS } from './report.js';

/** What each level is about. */
export const LEVELS: Readonly<Record<Level, string>> = {
  0: 'contract',
  1: 'operations',
  2: 'gradients',
  3: 'losses, masks, one step',
  4: 'trajectory',
  5: 'outcome',
};

/** The report as Markdown, for the summary of a CI step. */
export function markdown(report: ConformanceReport): string {
  const { subject, checks, accuracy } = report;
  const verdict = report.valid
    ? report.ok
      ? 'passed'
      : 'failed'
    : 'proved nothing: a canary misbehaved';
  const lines = [
    `### Conformance of ${code(subject.name)}: ${verdict}`,
    '',
    `${plain(subject.device)}, version ${plain(subject.version)}, contract ${code(subject.contract)}, seed ${report.seed}`,
    '',
    ...levelTable(report),
  ];
  const bad = checks.filter(({ verdict: each }) => each !== 'pass' && each !== 'not-run');
  for (const check of bad) {
    const known = check.known === undefined ? '' : `, known: ${plain(check.known)}`;
    lines.push('', `**${check.verdict}** ${code(check.id)}${known}`, '', '```');
    lines.push(explain(check, report).replaceAll('```', "'''"), '```');
  }
  if (accuracy.length > 0) {
    lines.push('', '| function | observed | granted |', '| --- | --- | --- |');
    for (const row of accuracy) {
      const seen = row.observed.toPrecision(2);
      const granted =
        row.granted === undefined
          ? `of the worst case; ${(row.statistical ?? 0).toPrecision(2)} of 4 sqrt(n) u sum abs(x)`
          : `${row.granted} ulp`;
      lines.push(`| ${row.function} | ${seen} | ${granted} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Verdicts by level, as a table. */
export function levelTable({ checks }: ConformanceReport): readonly string[] {
  const rows = (Object.keys(LEVELS).map(Number) as Level[]).flatMap((level) => {
    const own = checks.filter((check) => check.level === level);
    if (own.length === 0) return [];
    const counts = VERDICTS.map(
      (verdict) => own.filter((check) => check.verdict === verdict).length,
    );
    const elements = own.reduce((sum, check) => sum + check.elements, 0);
    const undecided = own.reduce((sum, check) => sum + check.undecided, 0);
    const worst = Math.max(...own.map(({ worstRatio }) => worstRatio));
    const ratio = Number.isFinite(worst) ? worst.toFixed(2) : 'infinite';
    return [[`${level} ${LEVELS[level]}`, ...counts, elements, elements - undecided, ratio]];
  });
  const head = ['level', ...VERDICTS, 'elements', 'judged', 'largest error / bound'];
  return markdownTable(head, rows);
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}

function plain(text: string): string {
  return text.replaceAll(/[|<>`*_[\]\n]/g, ' ');
}
