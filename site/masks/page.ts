import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';

export const MASKS_PAGE: SitePage = {
  address: 'masks.html',
  title: 'Masks',
  description: 'Masks in this browser.',
  body: html`<h1>Masks</h1>
`,
};
