import type { AccuracyRow } from '../../conformance/accuracy.js';
import type { Level } from '../../conformance/case.js';
import type { Verdict } from '../../conformance/check.js';
import { LEVELS } from '../../conformance/report/markdown.js';
import { VERDICTS } from '../../conformance/report/report.js';
import { type Html, html } from '../../formats/html/html.js';

/** A check with its verdict, or without one while it waits for its turn. */
export interface Row {
  readonly id: string;
  readonly level: Level;
  readonly verdict?: Verdict;
  /** Why it is not `pass`, and whether the contract promises nothing there. */
  readonly reason?: string;
  readonly beyondContract?: true;
}

/** How many checks of each level came to each verdict. */
export function matrix(rows: readonly Row[]): Html {
  const levels = (Object.keys(LEVELS).map(Number) as Level[]).filter((level) =>
    rows.some((row) => row.level === level),
  );
  const body = levels.map((level) => {
    const own = rows.filter((row) => row.level === level);
    const name = html`<th scope="row"><b>${level}</b> ${LEVELS[level]}</th>`;
    return html`<tr>${name}${counts(own)}<td>${own.length}</td></tr>`;
  });
  const head = VERDICTS.map((verdict) => html`<th scope="col">${verdict}</th>`);
  return html`<table class="matrix"><thead><tr><th scope="col">level</th>${head}<th scope="col">checks</th></tr></thead>
<tbody>${body}</tbody>
<tfoot><tr><th scope="row">all</th>${counts(rows)}<td>${rows.length}</td></tr></tfoot></table>`;
}

function counts(rows: readonly Row[]): readonly Html[] {
  return VERDICTS.map((verdict) => {
    const count = rows.filter((row) => row.verdict === verdict).length;
    return html`<td class="${count === 0 ? 'none' : verdict}">${count}</td>`;
  });
}

/** The largest error of each function, beside what the contract grants. */
export function accuracyTable(rows: readonly AccuracyRow[]): Html {
  const functions = rows.flatMap(({ function: name, observed, granted, at }) =>
    granted === undefined
      ? []
      : [
          html`<tr><th scope="row">${name}</th><td>${short(observed, 2)}</td><td>${short(granted, 2)}</td><td>${bar(observed / granted)}</td><td>${short(at ?? 0, 4)}</td></tr>`,
        ],
  );
  const sums = rows.flatMap(({ function: name, observed, granted, statistical }) =>
    granted !== undefined
      ? []
      : [
          html`<tr><th scope="row">${name}</th><td>${(100 * observed).toPrecision(2)} %</td><td>${(statistical ?? 0).toPrecision(2)}</td></tr>`,
        ],
  );
  return html`<div class="scroll"><table><caption>Functions, in units in the last place</caption>
<thead><tr><th scope="col">function</th><th scope="col">observed</th><th scope="col">granted</th><th scope="col">share</th><th scope="col">at x =</th></tr></thead>
<tbody>${functions}</tbody></table></div>
<div class="scroll"><table><caption>Sums of 2,048 terms</caption>
<thead><tr><th scope="col">operation</th><th scope="col">of the worst case</th><th scope="col">of 4 √n u Σ|x|</th></tr></thead>
<tbody>${sums}</tbody></table></div>`;
}

function bar(share: number): Html {
  const percent = `${(100 * share).toFixed(0)} %`;
  const value = Math.min(1, share).toFixed(4);
  return html`<progress max="1" value="${value}" aria-hidden="true"></progress> ${percent}`;
}

function short(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}
