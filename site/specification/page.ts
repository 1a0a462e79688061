import { html } from '../../formats/html/html.js';
import type { SitePage } from '../page.js';

export const SPECIFICATION_PAGE: SitePage = {
  address: 'specification.html',
  title: 'Specification',
  description:
    'Every clause with its formula and its source, beside the checks that hold a GPU to it.',
  body: html`<h1>Specification</h1>
`,
};
