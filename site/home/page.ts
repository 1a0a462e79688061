import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';

/** The first page: what Lacuna is, and a card for each of the other pages. */
export function homePage(tools: readonly SitePage[]): SitePage {
  const cards = tools.map(
    ({ address, title, description }) =>
      html`<li><h2><a href="${address}">${title}</a></h2><p>${description}</p></li>
`,
  );
  return {
    address: 'index.html',
    title: 'Home',
    description: 'Masked video-text pretraining, proven, measured and tried in this browser.',
    entry: 'site/home/main.ts',
    body: html`<h1>Lacuna</h1>
<p class="lead">Masked video-text pretraining: specified once, run on any backend, proven on each. Here it runs in your browser.</p>
<p class="soft">Everything on these pages is computed by this machine, on its own GPU. Nothing is sent anywhere: the pages may ask for their own files and for nothing else.</p>
<p class="verdict" id="verdict" role="status" hidden></p>
<ul class="cards">
${cards}</ul>
`,
  };
}
