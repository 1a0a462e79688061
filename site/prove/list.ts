import type { Level } from '../../conformance/case.js';
import { LEVELS } from '../../conformance/report/markdown.js';
import { type CheckReport, explain } from '../../conformance/report/report.js';
import { type Html, html } from '../../formats/html/html.js';
import { type PageSettings, unusualChoices } from './settings.js';
import type { Row } from './tables.js';

const MARKS: Readonly<Record<NonNullable<Row['verdict']>, string>> = {
  pass: '✓',
  fail: '✗',
  vacuous: '○',
  unsupported: '–',
  blocked: '⊘',
  'not-run': '·',
};

/** Every check, by level, those that were left out folded away. */
export function checkList(rows: readonly Row[]): Html {
  const asked = rows.filter(({ verdict }) => verdict !== 'not-run');
  const left = rows.filter(({ verdict }) => verdict === 'not-run');
  const parts = (Object.keys(LEVELS).map(Number) as Level[]).flatMap((level) => {
    const own = asked.filter((row) => row.level === level);
    if (own.length === 0) return [];
    return [html`<h3>${level} ${LEVELS[level]}</h3>${items(own)}`];
  });
  parts.unshift(...beyondNotes(rows));
  if (left.length > 0) {
    parts.push(html`<details><summary>${left.length} not run</summary>${items(left)}</details>`);
  }
  return html`${parts}`;
}

/** What the contract does not promise, once for all the checks of it. */
function beyondNotes(rows: readonly Row[]): readonly Html[] {
  const reasons = rows.flatMap(({ beyondContract, reason }) =>
    beyondContract === true && reason !== undefined ? [reason] : [],
  );
  return [...new Set(reasons)].map((reason) => {
    const count = reasons.filter((each) => each === reason).length;
    return html`<p class="soft">Unsupported, and no failure: ${reason} (${count} of the checks).</p>`;
  });
}

function items(rows: readonly Row[]): Html {
  const lines = rows.map(({ id, verdict }) => {
    const [kind, mark] = verdict === undefined ? ['waiting', '…'] : [verdict, MARKS[verdict]];
    const quiet = kind === 'pass' || kind === 'waiting';
    const word = quiet ? html`<span class="unseen"> ${kind}</span>` : html` <em>${kind}</em>`;
    const name = id.split('/').map((part, i) => html`${i === 0 ? '' : html`/<wbr>`}${part}`);
    return html`<li class="${kind}"><i aria-hidden="true">${mark}</i> <span>${name}${word}</span></li>`;
  });
  return html`<ul class="checks">${lines}</ul>`;
}

/** The checks that ran and did not pass, each with the whole of its explanation. */
export function failureList(
  reports: readonly CheckReport[],
  settings: PageSettings,
): readonly Html[] {
  const origin = { seed: settings.seed, command: 'lacuna conform --backend webgpu' };
  const here = ({ id, failure }: CheckReport): string =>
    failure === undefined
      ? ''
      : `\nin this browser: ?${new URLSearchParams({ filter: id, ...unusualChoices(settings) })}`;
  const bad = reports.filter(
    ({ verdict, reason, beyondContract }) =>
      verdict !== 'pass' &&
      beyondContract !== true &&
      (verdict !== 'not-run' || reason !== undefined),
  );
  return bad.map((report) => {
    const { id, verdict, known, clauses } = report;
    const links = clauses.map(
      (clause, i) =>
        html`${i === 0 ? '' : ', '}<a href="specification.html#${clause}">${clause}</a>`,
    );
    const note = known === undefined ? '' : ` (known: ${known})`;
    return html`<details open><summary><b class="${verdict}">${verdict}</b> <code>${id}</code>${note}</summary><pre>${explain(report, origin)}${here(report)}</pre><p class="soft">What it holds to: ${links}</p></details>`;
  });
}
