import {
  type CheckReport,
  CLAUSES,
  type ConformanceReport,
  explain,
  type Verdict,
} from '../../conformance/index.js';
import { escapeHtml } from '../report/escape.js';
import { STYLE } from '../report/style.js';

const MARKS: Readonly<Record<Verdict, string>> = {
  pass: '✓ pass',
  fail: '✗ fail',
  vacuous: '○ vacuous',
  unsupported: '– unsupported',
  blocked: '⊘ blocked',
  'not-run': '· not run',
};

/** From the best to the worst: a clause has the worst verdict of its checks. */
const ORDER: readonly Verdict[] = ['pass', 'not-run', 'unsupported', 'vacuous', 'blocked', 'fail'];

const OWN_STYLE = `
td.pass { color: #1a7f4b; } td.fail { color: #fff; background: #b3261e; font-weight: 600; }
td.vacuous, td.blocked { color: #9a5b00; font-weight: 600; } td.unsupported, td.not-run { color: var(--soft); }
@media (prefers-color-scheme: dark) { td.pass { color: #6fd19f; } td.vacuous, td.blocked { color: #f0b35a; } }
details { margin: .5rem 0; } summary { cursor: pointer; }
`;

/** One self-contained page: the matrix of clauses and subjects, margins, accuracy, failures. */
export function conformancePage(reports: readonly ConformanceReport[]): string {
  const parts = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
    `<title>Lacuna conformance</title><style>${STYLE}${OWN_STYLE}</style></head><body>`,
    '<h1>Conformance</h1>',
    ...reports.map(verdictLine),
    '<h2>Clauses</h2>',
    '<p class="soft">What each clause says is in docs/specification.md. The number is the largest ratio of error to bound that occurred; above 1 is out of bounds.</p>',
    `<div class="scroll">${matrix(reports)}</div>`,
    ...reports.map(accuracyTable),
    ...reports.map(failures),
    '</body></html>',
  ];
  return `${parts.join('\n')}\n`;
}

function verdictLine({ subject, counts, valid, ok, seed, checks }: ConformanceReport): string {
  const verdict = valid ? (ok ? 'passed' : 'failed') : 'proved nothing: a canary misbehaved';
  const elements = checks.reduce((sum, check) => sum + check.elements, 0);
  const undecided = checks.reduce((sum, check) => sum + check.undecided, 0);
  const words = `${counts.pass} of ${checks.length} checks passed, ${elements - undecided} of ${elements} elements judged, contract ${subject.contract}, seed ${seed}`;
  return `<p class="verdict"><strong>${escapeHtml(subject.name)} ${escapeHtml(subject.version)} ${verdict}.</strong> ${escapeHtml(subject.device)}; ${escapeHtml(words)}.</p>`;
}

function matrix(reports: readonly ConformanceReport[]): string {
  const head = reports.map(({ subject }) => `<th>${escapeHtml(subject.name)}</th>`).join('');
  const rows = CLAUSES.map(({ id, level, text }) => {
    const cells = reports.map(({ checks }) =>
      cell(checks.filter(({ clauses }) => clauses.includes(id))),
    );
    const title = escapeHtml(text);
    return `<tr><td title="${title}"><code>${escapeHtml(id)}</code></td><td>${level}</td>${cells.join('')}</tr>`;
  });
  return `<table><thead><tr><th>clause</th><th>level</th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

function cell(checks: readonly CheckReport[]): string {
  if (checks.length === 0) return '<td class="not-run">· not run</td>';
  const rank = ({ verdict }: CheckReport): number => ORDER.indexOf(verdict);
  const worst = checks.reduce((a, b) => (rank(b) > rank(a) ? b : a));
  const ratio = Math.max(...checks.map(({ worstRatio }) => worstRatio));
  const margin = worst.verdict === 'pass' && ratio > 0 ? ` ${ratio.toPrecision(2)}` : '';
  const known = worst.known === undefined ? '' : ' (known)';
  const title = escapeHtml(checks.map(({ id, verdict }) => `${id}: ${verdict}`).join(', '));
  return `<td class="${worst.verdict}" title="${title}">${MARKS[worst.verdict]}${known}${margin}</td>`;
}

function accuracyTable({ subject, accuracy }: ConformanceReport): string {
  if (accuracy.length === 0) return '';
  const rows = accuracy.map(({ function: name, observed, granted, statistical, at }) => {
    const seen = observed.toPrecision(2);
    const words =
      granted === undefined
        ? `${seen} of the worst case; ${(statistical ?? 0).toPrecision(2)} of 4 sqrt(n) u sum |x|`
        : `${seen} ulp at ${(at ?? 0).toPrecision(4)}`;
    return `<tr><td>${name}</td><td>${escapeHtml(words)}</td><td>${granted === undefined ? '' : `${granted} ulp`}</td></tr>`;
  });
  return `<h2>Accuracy of ${escapeHtml(subject.name)}</h2><div class="scroll"><table><thead><tr><th>function</th><th>largest error observed</th><th>granted</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function failures({ subject, checks, seed, canaries }: ConformanceReport): string {
  const bad = checks.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-run');
  const wrong = canaries.filter(({ behaved }) => !behaved);
  const items = bad.map((check) => {
    const known = check.known === undefined ? '' : ` (known: ${escapeHtml(check.known)})`;
    return `<details open><summary>${check.verdict} <code>${escapeHtml(check.id)}</code>${known}</summary><pre>${escapeHtml(explain(check, seed))}</pre></details>`;
  });
  for (const { name, address } of wrong) {
    items.push(
      `<p>Canary misjudged: ${escapeHtml(name)}, at <code>${escapeHtml(address)}</code></p>`,
    );
  }
  const birds = `${canaries.length - wrong.length} of ${canaries.length} canaries were judged as they must be.`;
  const body = items.length === 0 ? '<p>Every check that ran passed.</p>' : items.join('\n');
  return `<h2>What did not pass: ${escapeHtml(subject.name)}</h2>${body}<p class="soft">${birds}</p>`;
}
