import { ALL_CHECKS, CHECKS } from '../../conformance/checks.js';
import { type Html, html } from '../../formats/html/html.js';
import { AREAS, CLAUSES, type Clause } from '../../spec/clauses/index.js';
import { SPEC_VERSION } from '../../spec/version.js';
import type { SitePage } from '../page.js';
import { SPECIFICATION_STYLE } from './style.js';

/** All clauses, readable without a script: `site/specification/main.ts` searches them and shows verdicts beside. */
export const SPECIFICATION_PAGE: SitePage = {
  address: 'specification.html',
  title: 'Specification',
  description: 'Every clause with its formula and its source, and its checks for your GPU.',
  entry: 'site/specification/main.ts',
  style: SPECIFICATION_STYLE,
  body: html`<h1>Specification, version ${SPEC_VERSION}</h1>
<p class="soft">What a backend or a port must compute: ${CLAUSES.length} clauses. Beside each are the checks that hold one to it; those that are programs run on your GPU.</p>
<form role="search" method="get" action="specification.html">
<label>words of a clause<input type="search" id="words" name="words" maxlength="200" placeholder="softmax gradient" autocomplete="off" autocapitalize="none" spellcheck="false"></label>
<button>Search</button> <span class="soft" id="count" role="status"></span>
</form>
<p class="soft" id="kept" hidden></p>
<nav aria-label="Chapters" class="chapters"><ul>
${AREAS.map(({ title }) => html`<li><a href="#${anchorOf(title)}">${title}</a></li>\n`)}</ul></nav>
${AREAS.map(
  ({
    title,
    introduction,
    clauses,
  }) => html`<section class="area readable" aria-labelledby="${anchorOf(title)}"><h2 id="${anchorOf(title)}">${title}</h2>
<p class="introduction">${introduction}</p>
${clauses.map(clauseHtml)}</section>
`,
)}`,
};

/** A chapter's anchor, which no clause has: ids of clauses have no capitals. */
function anchorOf(title: string): string {
  return `Chapter-${title.replaceAll(' ', '-')}`;
}

function clauseHtml({ id, level, since, text, formula, needs, source }: Clause): Html {
  const facts = [
    html`${level}, since ${since}`,
    ...(needs.length === 0
      ? []
      : [html`stands on ${separated(needs.map((need) => html`<a href="#${need}">${need}</a>`))}`]),
    ...(source === undefined ? [] : [html`source: ${source}`]),
  ];
  return html`<article class="clause" id="${id}" aria-labelledby="${id}-name">
<h3 id="${id}-name"><a href="#${id}">${id}</a></h3>
<p>${text}</p>
${formula === undefined ? '' : html`<pre class="formula">${formula}</pre>\n`}<p class="soft">${separated(facts, '; ')}</p>
${checksHtml(id)}</article>
`;
}

/** The checks of a clause: those that run in a browser with the way to do so, and who runs the others. */
function checksHtml(clause: string): Html {
  const held = ALL_CHECKS.filter(({ clauses }) => clauses.includes(clause));
  const runs = CHECKS.filter(({ clauses }) => clauses.includes(clause));
  const others = held.filter((check) => !runs.includes(check));
  const names = (checks: typeof held): Html =>
    html`<ul class="held">${checks.map(({ id }) => html`<li data-check="${id}"><code>${id}</code></li>`)}</ul>`;
  const link = html`<p><a class="button" href="prove.html?${new URLSearchParams({ clause }).toString()}">Run ${runs.length === 1 ? 'its check' : `its ${runs.length} checks`} on your GPU<span class="unseen">: ${clause}</span></a></p>
${names(runs)}`;
  return html`${runs.length === 0 ? '' : link}${
    others.length === 0
      ? ''
      : html`<details><summary>${others.length === 1 ? 'A check' : `${others.length} checks`} of ports, by <code>lacuna conform --port</code></summary>${names(others)}</details>`
  }
`;
}

function separated(parts: readonly Html[], by = ', '): readonly Html[] {
  return parts.map((part, i) => html`${i === 0 ? '' : by}${part}`);
}
