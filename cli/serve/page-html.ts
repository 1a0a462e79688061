import { scriptJson } from '../html.js';
import { contentHash } from '../report/html-page.js';

/** The page, and the content security policy that lets it do no more than it does. */
export interface PageText {
  readonly html: string;
  readonly policy: string;
}

/** The page's text: everything else is written into its elements by the module `entry`. */
export function pageText(imports: Readonly<Record<string, string>>, entry: string): PageText {
  const map = scriptJson({ imports });
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${contentHash(map)}`,
    "style-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lacuna: conformance of this browser's WebGPU</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script type="importmap">${map}</script>
<script type="module" src="${entry}"></script>
</head>
<body>
<main id="page" data-state="starting">
${BODY}</main>
</body>
</html>
`;
  return { html, policy };
}

const BODY = `<header>
<h1>Conformance of this browser's WebGPU</h1>
<p class="soft">Every program runs on this machine's GPU, here in the page, and is judged against Lacuna's reference in float64. Nothing is sent anywhere.</p>
</header>
<p class="verdict" id="verdict" role="status">The suite is being loaded. A browser that is too old for it stays here.</p>
<noscript><p class="verdict">The suite is a program: allow JavaScript for this page.</p></noscript>
<section id="progress" aria-label="progress"><progress id="progress-bar" max="1" value="0" aria-label="checks done"></progress>
<p class="soft" id="progress-text"></p></section>
<section id="failed" hidden><h2>What did not pass</h2><div id="failures"></div></section>
<section><h2>Verdicts</h2><div class="scroll" id="matrix"></div><p id="file"></p></section>
<section><h2>Adapter</h2><p id="adapter-name"></p><div id="adapter"></div></section>
<section><h2>Accuracy</h2><div id="accuracy"><p class="soft">It is measured after the last check.</p></div></section>
<section><h2>Checks</h2><div id="checks"></div></section>
<h2>Run again</h2>
<form method="get" action="/">
<label>checks that begin with<input id="filter" name="filter" placeholder="primitive/" autocapitalize="none" spellcheck="false"></label>
<label>cases<input id="cases" name="cases" type="number" min="1" placeholder="30"></label>
<label>seed<input id="seed" name="seed" type="number" min="0" placeholder="1"></label>
<label>fusion<select id="fuse" name="fuse"><option>on</option><option>off</option></select></label>
<label>limits<select id="limits" name="limits"><option>highest</option><option>default</option></select></label>
<label>subgroups<select id="subgroups" name="subgroups"><option>on</option><option>off</option></select></label>
<label>precision<select id="precision" name="precision"><option>f32</option><option>mixed</option></select></label>
<button>Run</button>
</form>
`;
