import type { QueryAnswers } from '../../evaluation/index.js';
import { type Html, html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { cells, DIRECTIONS } from '../metrics/convention-table.js';
import { htmlPage } from '../report/html-page.js';
import { type MarkedResult, modelText } from './retrieval-result.js';
import { MARK } from './retrieval-table.js';

/** What the page of a retrieval shows. */
export interface RetrievalPageInput {
  /** The retrieval, and earlier ones beside it. */
  readonly results: readonly MarkedResult[];
  /** Expected ranks from 0, of the first result. */
  readonly ranks: {
    readonly textToVideo: ArrayLike<number>;
    readonly videoToText: ArrayLike<number>;
  };
  readonly worst: readonly QueryAnswers[];
  readonly best: readonly QueryAnswers[];
}

const OWN = `
svg.ranks { width: min(100%, 40rem); height: auto; display: block; } svg.ranks rect { fill: var(--accent); }
svg.ranks text { fill: var(--ink); font-size: 12px; } svg.ranks text.soft { fill: var(--soft); }
ol.answers { margin: .25rem 0 1rem; padding-left: 1.5rem; } ol.answers li.right { color: var(--accent); font-weight: 600; }
th { overflow-wrap: normal; } td.differs { color: #b3261e; font-weight: 600; }
@media (prefers-color-scheme: dark) { td.differs { color: #f2b8b5; } }
`;

/** One self-contained page: scores with their protocols, the ranks, and the texts that fared worst and best. */
export function retrievalPage({ results, ranks, worst, best }: RetrievalPageInput): string {
  const [first] = results;
  const title = `Retrieval: ${first?.model.run ?? ''}`;
  const body = html`<h1>${title}</h1>
<p class="verdict">${first?.protocolText ?? ''}.</p>
${scoreTable(results)}
<section><h2>Ranks</h2><p class="soft">Where the right item came: the expected place among equals, from 1.</p>
${DIRECTIONS.map(([name, way]) => html`<figure><figcaption>${name}, ${ranks[way].length} queries</figcaption>${histogram(name, ranks[way])}</figure>`)}</section>
<section><h2>Worst texts</h2><div class="strips">${worst.map(answersOf)}</div></section>
<section><h2>Best texts</h2><div class="strips">${best.map(answersOf)}</div></section>
${leftOut(first)}`;
  return htmlPage(`Lacuna: ${title}`, `${STYLE}${OWN}`, body);
}

function scoreTable(results: readonly MarkedResult[]): Html {
  const rows = results.flatMap((result, index) =>
    DIRECTIONS.map(([name, way]) => {
      const mark = result.differences.length === 0 ? '' : `${MARK} `;
      const values = [...cells(result[way]), result.chance[way].toFixed(2)];
      return html`<tr><td>${mark}[${index + 1}]</td><td>${name}</td>${values.map((value) => html`<td class="number">${value}</td>`)}</tr>`;
    }),
  );
  const protocols = results.map(
    ({ model, protocolText, differences }, index) =>
      html`<tr><th scope="row">[${index + 1}]</th><td>${modelText(model)}: ${protocolText}</td>${
        differences.length === 0
          ? ''
          : html`<td class="differs">${MARK} not to be compared with [1]: ${differences.join('; ')}</td>`
      }</tr>`,
  );
  return html`<div class="scroll"><table><caption>Recalls and chance in percent, ranks from 1</caption>
<thead><tr><th>result</th><th>direction</th>${['R@1', 'R@5', 'R@10', 'MedR', 'MnR', 'chance R@1'].map((name) => html`<th class="number">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>
<div class="scroll"><table><caption>Protocols</caption><tbody>${protocols}</tbody></table></div>`;
}

/** The last rank of each bar, and how it is called. */
const BARS: readonly (readonly [most: number, name: string])[] = [
  [1, '1'],
  [2, '2'],
  [3, '3'],
  [5, '4-5'],
  [10, '6-10'],
  [20, '11-20'],
  [50, '21-50'],
  [100, '51-100'],
  [1000, '101-1000'],
  [Number.POSITIVE_INFINITY, 'beyond'],
];

/** Queries by rank, as bars. */
function histogram(name: string, ranks: ArrayLike<number>): Html {
  const counts = BARS.map(() => 0);
  for (const rank of Array.from(ranks)) {
    const bar = BARS.findIndex(([most]) => rank + 1 <= most);
    counts[bar] = (counts[bar] as number) + 1;
  }
  const last = counts.findLastIndex((count) => count > 0);
  const shown = BARS.slice(0, last + 1);
  const highest = Math.max(...counts);
  const bars = shown.map(([, label], index) => {
    const count = counts[index] as number;
    const width = (440 * count) / highest;
    const y = 22 * index;
    const share = ((100 * count) / ranks.length).toFixed(1);
    return html`<text x="72" y="${y + 15}" text-anchor="end">${label}</text><rect x="80" y="${y + 3}" width="${width.toFixed(1)}" height="16"></rect><text class="soft" x="${(88 + width).toFixed(1)}" y="${y + 15}">${count} (${share} %)</text>`;
  });
  return html`<svg class="ranks" viewBox="0 0 640 ${22 * shown.length}" role="img" aria-label="${`${name}: queries by the rank of the right item`}">${bars}</svg>`;
}

function answersOf({ text, rank, answers, right }: QueryAnswers): Html {
  const items = answers.map(
    ({ video, similarity, right: isRight }) =>
      html`<li class="${isRight ? 'right' : 'wrong'}">${video} <span class="soft">${similarity.toFixed(4)}${isRight ? ', right' : ''}</span></li>`,
  );
  const missed =
    right === undefined
      ? ''
      : html`<p class="soft">Its own: ${right.video}, ${right.similarity.toFixed(4)}</p>`;
  return html`<div><h3>“${text}” <span class="soft">rank ${Number(rank.toFixed(2))}</span></h3><ol class="answers">${items}</ol>${missed}</div>`;
}

function leftOut(result: MarkedResult | undefined): Html {
  if (result === undefined || result.leftOut.length === 0) return html``;
  const rows = result.leftOut
    .slice(0, 100)
    .map(({ id, reason }) => html`<tr><td>${id}</td><td>${reason}</td></tr>`);
  return html`<section><h2>Left out</h2><div class="scroll"><table><caption>${result.leftOut.length} clips</caption><tbody>${rows}</tbody></table></div></section>`;
}
