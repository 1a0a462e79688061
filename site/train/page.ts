import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';

export const TRAIN_PAGE: SitePage = {
  address: 'train.html',
  title: 'Train',
  description: 'Train in this browser.',
  body: html`<h1>Train</h1>
`,
};
