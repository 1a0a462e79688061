import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';
import { MOST_CASES } from './settings.js';
import { PROVE_STYLE } from './style.js';

/** Runs the conformance suite on the visitor's GPU: `site/prove/main.ts` writes into these elements. */
export const PROVE_PAGE: SitePage = {
  address: 'prove.html',
  title: 'Prove',
  description: "Holds this browser's WebGPU to the specification, element by element.",
  entry: 'site/prove/main.ts',
  style: PROVE_STYLE,
  body: html`<h1>Conformance of this browser's WebGPU</h1>
<p class="soft">Every program runs on this machine's GPU, here in the page, and is judged against Lacuna's reference in float64. Nothing is sent anywhere.</p>
<p class="verdict" id="verdict" role="status">The suite is being loaded. A browser that is too old for it stays here.</p>
<section id="progress" aria-label="progress"><progress id="progress-bar" max="1" value="0" aria-label="checks done"></progress>
<p class="soft" id="progress-text"></p></section>
<section id="failed" hidden><h2>What did not pass</h2><div id="failures"></div></section>
<section><h2>Verdicts</h2><div class="scroll" id="matrix"></div><p><a class="button" id="download" hidden>Download report.json</a></p></section>
<section><h2>Adapter</h2><p id="adapter-name"></p><div id="adapter"></div></section>
<section><h2>Accuracy</h2><div id="accuracy"><p class="soft">It is measured after the last check.</p></div></section>
<section><h2>Checks</h2><div id="checks"></div></section>
<h2>Run again</h2>
<form method="get" action="prove.html">
<label>checks that begin with<input id="filter" name="filter" placeholder="primitive/" autocapitalize="none" spellcheck="false"></label>
<label>of the clause<input id="clause" name="clause" placeholder="op.add" autocapitalize="none" spellcheck="false"></label>
<label>cases<input id="cases" name="cases" type="number" min="1" max="${MOST_CASES}" placeholder="30"></label>
<label>seed<input id="seed" name="seed" type="number" min="0" placeholder="1"></label>
<label>fusion<select id="fuse" name="fuse"><option>on</option><option>off</option></select></label>
<label>limits<select id="limits" name="limits"><option>highest</option><option>default</option></select></label>
<label>subgroups<select id="subgroups" name="subgroups"><option>on</option><option>off</option></select></label>
<label>precision<select id="precision" name="precision"><option>f32</option><option>mixed</option></select></label>
<button>Run</button>
</form>
`,
};
