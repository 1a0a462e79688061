import { Html, html } from '../../formats/html/html.js';
import { pageClass, type SitePage } from '../page.js';
import { POLICY } from './policy.js';

/** Where the files of a page are, relative to it. */
export interface PageFiles {
  readonly style: string;
  /** The bundle of its entry, where it has one. */
  readonly script?: string;
  /** The bundles of its workers, by their modules. */
  readonly workers: ReadonlyMap<string, string>;
}

/** The text of a page: what all share, around its body. */
export function pageHtml(page: SitePage, pages: readonly SitePage[], files: PageFiles): string {
  const { title, description, body } = page;
  const links = pages.map(({ address, title: name }) => {
    const here = address === page.address ? Html.trusted(' aria-current="page"') : '';
    return html`<li><a href="${address}"${here}>${name}</a></li>
`;
  });
  const workers = [...files.workers].map(
    ([module, address]) => html`<meta name="worker" content="${address}" data-module="${module}">
`,
  );
  const script =
    files.script === undefined
      ? ''
      : html`<script type="module" src="${files.script}"></script>
`;
  const noScript =
    files.script === undefined
      ? ''
      : html`<noscript><p class="verdict">What happens on this page is a program: allow JavaScript for it.</p></noscript>
`;
  // A page without a script is as it will be; the others say when they are.
  const state = files.script === undefined ? 'ready' : 'starting';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${Html.trusted(POLICY)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${description}">
<title>${title} | Lacuna</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${files.style}">
${workers}${script}</head>
<body>
<a class="skip" href="#page">Skip to the content</a>
<header class="site"><nav aria-label="Pages"><ul>
${links}</ul></nav></header>
<main id="page" class="${pageClass(page)}" data-state="${state}" tabindex="-1">
${noScript}${body}</main>
<footer class="site"><p class="soft">Computed here, by your own machine. These pages ask for their own files and send nothing. <a href="licenses.txt">Licences</a></p></footer>
</body>
</html>
`.text;
}
