import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';

const STYLE = `
.measure fieldset { border: 1px solid var(--line); border-radius: 6px; margin: 0; padding: .25rem 1rem .75rem; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; min-width: 0; } .measure legend { padding: 0 .4rem; color: var(--soft); font-size: .9rem; }
.measure label.tick { display: flex; gap: .4rem; align-items: center; min-height: 2.4rem; font-size: 1rem; color: var(--ink); } .measure .tick input { min-height: 0; width: 1.1rem; height: 1.1rem; margin: 0; }
.measure form { display: grid; gap: 1rem; } .measure .buttons { display: flex; flex-wrap: wrap; gap: .5rem; }
.measure td, .measure thead th:not(:first-child) { text-align: right; } .measure td.bar { width: 30%; min-width: 5rem; } .measure td.bar progress { width: calc(100% - 3.5rem); }
.measure table { width: 100%; } .measure #progress-text { min-height: 3em; margin: .25rem 0; overflow-wrap: anywhere; }
`;

/** Measures the visitor's GPU: `site/measure/main.ts` writes into these elements. */
export const MEASURE_PAGE: SitePage = {
  address: 'measure.html',
  title: 'Measure',
  description: "Measures what this browser's GPU reaches: products, copies, training steps.",
  entry: 'site/measure/main.ts',
  style: STYLE,
  body: html`<h1>What this GPU reaches</h1>
<p class="soft">Matrix products, copies and whole training steps, run over and over until a browser's coarse clock can be believed. Nothing is sent anywhere: the report is yours to copy or keep.</p>
<p class="verdict" id="verdict" role="status">The page is being loaded. A browser that is too old for it stays here.</p>
<section aria-label="Choices">
<form id="choices">
<fieldset><legend>Precision</legend>
<label class="tick"><input type="checkbox" id="f32" checked> f32</label>
<label class="tick"><input type="checkbox" id="mixed"> mixed: products of f16</label></fieldset>
<fieldset><legend>What</legend>
<label class="tick"><input type="checkbox" id="products" checked> products</label>
<label class="tick"><input type="checkbox" id="copies" checked> copies</label>
<label>up to<select id="edge"><option value="256">256 x 256, 16 MiB</option><option value="1024">1024 x 1024, 64 MiB</option><option value="2048" selected>2048 x 2048, 256 MiB</option><option value="4096">4096 x 4096, 256 MiB</option></select></label>
<label class="tick"><input type="checkbox" id="tiny"> a tiny step</label>
<label class="tick"><input type="checkbox" id="small"> a step of ViT-S</label>
<label>clips of a step<input id="batch" type="number" min="2" max="64" placeholder="8 and 2"></label>
<label class="tick"><input type="checkbox" id="tilings"> ways to cut products up</label></fieldset>
<div class="buttons"><button id="start">Measure</button> <button type="button" id="cancel" disabled>Cancel</button></div>
</form>
</section>
<section id="progress" hidden aria-label="Progress"><progress id="progress-bar" aria-label="measuring"></progress><p class="soft" id="progress-text"></p></section>
<section id="found" hidden><h2>Found</h2><div id="tables"></div><div id="notes"></div>
<div id="file" class="buttons" hidden><a class="button" id="download">The report as JSON</a> <button type="button" id="copy">Copy it</button> <span class="soft" id="copied" role="status"></span></div>
<p class="soft">Several reports make one table: <code>lacuna bench --page measure.json another.json --out adapters.html</code></p></section>
<section><h2>Adapter</h2><p id="adapter-name"></p><div id="adapter"></div></section>
`,
};
