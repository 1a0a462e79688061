import {
  type CheckReport,
  CLAUSES,
  type ConformanceReport,
  explain,
  type Verdict,
} from '../../conformance/index.js';
import { type Html, html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { htmlPage } from '../report/html-page.js';

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
  const body = html`<h1>Conformance</h1>
${reports.map(verdictLine)}
<h2>Clauses</h2>
<p class="soft">What each clause says is in docs/specification.md. The number is the largest ratio of error to bound that occurred; above 1 is out of bounds.</p>
<div class="scroll">${matrix(reports)}</div>
${reports.map(accuracyTable)}
${reports.map(failures)}`;
  return htmlPage('Lacuna conformance', `${STYLE}${OWN_STYLE}`, body);
}

function verdictLine({ subject, counts, valid, ok, seed, checks }: ConformanceReport): Html {
  const verdict = valid ? (ok ? 'passed' : 'failed') : 'proved nothing: a canary misbehaved';
  const elements = checks.reduce((sum, check) => sum + check.elements, 0);
  const undecided = checks.reduce((sum, check) => sum + check.undecided, 0);
  const words = `${counts.pass} of ${checks.length} checks passed, ${elements - undecided} of ${elements} elements judged, contract ${subject.contract}, seed ${seed}`;
  return html`<p class="verdict"><strong>${subject.name} ${subject.version} ${verdict}.</strong> ${subject.device}; ${words}.</p>`;
}

function matrix(reports: readonly ConformanceReport[]): Html {
  const head = reports.map(({ subject }) => html`<th>${subject.name}</th>`);
  const rows = CLAUSES.map(({ id, level, text }) => {
    const cells = reports.map(({ checks }) =>
      cell(checks.filter(({ clauses }) => clauses.includes(id))),
    );
    const title = text;
    return html`<tr><td title="${title}"><code>${id}</code></td><td>${level}</td>${cells}</tr>`;
  });
  return html`<table><thead><tr><th>clause</th><th>level</th>${head}</tr></thead><tbody>${rows}</tbody></table>`;
}

function cell(checks: readonly CheckReport[]): Html {
  if (checks.length === 0) return html`<td class="not-run">· not run</td>`;
  const rank = ({ verdict }: CheckReport): number => ORDER.indexOf(verdict);
  const worst = checks.reduce((a, b) => (rank(b) > rank(a) ? b : a));
  const ratio = Math.max(...checks.map(({ worstRatio }) => worstRatio));
  const margin = worst.verdict === 'pass' && ratio > 0 ? ` ${ratio.toPrecision(2)}` : '';
  const known = worst.known === undefined ? '' : ' (known)';
  const title = checks.map(({ id, verdict }) => `${id}: ${verdict}`).join(', ');
  return html`<td class="${worst.verdict}" title="${title}">${MARKS[worst.verdict]}${known}${margin}</td>`;
}

function accuracyTable({ subject, accuracy }: ConformanceReport): Html {
  if (accuracy.length === 0) return html``;
  const rows = accuracy.map(({ function: name, observed, granted, statistical, at }) => {
    const seen = observed.toPrecision(2);
    const words =
      granted === undefined
        ? `${seen} of the worst case; ${(statistical ?? 0).toPrecision(2)} of 4 sqrt(n) u sum |x|`
        : `${seen} ulp at ${(at ?? 0).toPrecision(4)}`;
    return html`<tr><td>${name}</td><td>${words}</td><td>${granted === undefined ? '' : `${granted} ulp`}</td></tr>`;
  });
  return html`<h2>Accuracy of ${subject.name}</h2><div class="scroll"><table><thead><tr><th>function</th><th>largest error observed</th><th>granted</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function failures(report: ConformanceReport): Html {
  const { subject, checks, canaries } = report;
  const bad = checks.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'not-run');
  const wrong = canaries.filter(({ behaved }) => !behaved);
  const items = bad.map((check) => {
    const known = check.known === undefined ? '' : ` (known: ${check.known})`;
    return html`<details open><summary>${check.verdict} <code>${check.id}</code>${known}</summary><pre>${explain(check, report)}</pre></details>`;
  });
  for (const { name, address } of wrong) {
    items.push(html`<p>Canary misjudged: ${name}, at <code>${address}</code></p>`);
  }
  const birds =
    canaries.length === 0
      ? 'No canaries were made, so nothing shows that this run sees mistakes.'
      : `${canaries.length - wrong.length} of ${canaries.length} canaries were judged as they must be.`;
  const body = items.length === 0 ? html`<p>Every check that ran passed.</p>` : items;
  return html`<h2>What did not pass: ${subject.name}</h2>${body}<p class="soft">${birds}</p>`;
}
