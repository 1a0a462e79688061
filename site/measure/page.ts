import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';

export const MEASURE_PAGE: SitePage = {
  address: 'measure.html',
  title: 'Measure',
  description: 'Measure in this browser.',
  body: html`<h1>Measure</h1>
`,
};
