import { html } from '../../../formats/html/html.js';
import type { SitePage } from '../../page.js';

/** A page of tests alone, which writes what the first steps of a run are given into its verdict. */
export const DRAWS_PAGE: SitePage = {
  address: 'index.html',
  title: 'Draws',
  description: 'What the first steps of a run are given.',
  entry: 'site/train/testing/draws-main.ts',
  body: html`<h1>Draws</h1><p id="verdict"></p>`,
};
