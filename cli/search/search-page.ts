import type { SearchHit } from '../../evaluation/index.js';
import { Html, html, scriptOf } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { contentHash } from '../report/html-page.js';

const OWN = `
form { display: flex; gap: .5rem; margin: 1rem 0; } input { flex: 1; min-width: 0; font: inherit; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: 4px; background: var(--card); color: inherit; }
button { font: inherit; padding: .5rem 1rem; border: 0; border-radius: 4px; background: var(--accent); color: var(--paper); cursor: pointer; }
ol.hits { list-style: none; margin: 1.5rem 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; }
ol.hits video, ol.hits img { display: block; width: 100%; aspect-ratio: 16 / 10; object-fit: contain; background: #000; border-radius: 4px; }
ol.hits li { min-width: 0; overflow-wrap: anywhere; } :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;
const CSS = `${STYLE}${OWN}`;
const STYLE_HTML = Html.trusted(CSS);

/** Begins each clip where its segment begins: the browser knows how long it is, and the index which part was found. */
const SCRIPT = `
for (const video of document.querySelectorAll('video')) {
  const note = video.parentElement.querySelector('.when');
  const clock = (s) => Math.floor(s / 60) + ':' + String(Math.floor(s % 60)).padStart(2, '0');
  video.addEventListener('loadedmetadata', () => {
    if (!Number.isFinite(video.duration)) return;
    const from = Number(video.dataset.from) * video.duration;
    video.currentTime = from;
    note.textContent = ', about ' + clock(from) + ' to ' + clock(Number(video.dataset.end) * video.duration);
  });
  video.addEventListener('error', () => {
    note.textContent = ', which this browser cannot play';
  });
}
`;

/** The policy that lets the page do no more than it does: it plays and shows what this server has. */
export const SEARCH_POLICY: string = [
  "default-src 'none'",
  `script-src ${contentHash(SCRIPT)}`,
  `style-src ${contentHash(CSS)}`,
  "img-src 'self' data:",
  "media-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What the page shows. */
export interface SearchPageInput {
  readonly videos: number;
  /** What was asked, and found; or what was wrong with it. */
  readonly sentence: string;
  readonly hits: readonly SearchHit[];
  readonly problem?: string;
}

/** The page: a sentence is typed, and the clips that it describes are there to play. */
export function searchPage({ videos, sentence, hits, problem }: SearchPageInput): string {
  const said =
    problem ??
    (sentence === ''
      ? `${videos} videos are searched.`
      : `${hits.length} of ${videos} videos, the likest first.`);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lacuna: ${sentence === '' ? 'search in videos' : sentence}</title><link rel="icon" href="data:,"><style>${STYLE_HTML}</style></head><body>
<h1>Search in your videos</h1>
<form method="get" action="/" role="search"><input name="q" value="${sentence}" maxlength="${MAX_SENTENCE}" aria-label="a sentence that says what is to be seen" placeholder="a dog on a leash" autofocus required><button>Search</button></form>
<p class="soft" role="status">${said}</p>
<ol class="hits">${hits.map(hit)}</ol>
${scriptOf(SCRIPT)}
</body></html>
`.text;
}

/** Characters of a sentence. */
export const MAX_SENTENCE = 1000;

function hit({ video, index, first, end, similarity }: SearchHit): Html {
  const { path, frames } = video;
  const picture = `/frames/${index}/${Math.floor((first + end - 1) / 2)}.png`;
  const shown =
    frames === 1
      ? html`<img src="${picture}" alt="${path}">`
      : html`<video src="/clips/${index}" poster="${picture}" data-from="${first / frames}" data-end="${end / frames}" controls muted preload="metadata" aria-label="${path}"></video>`;
  const place = frames === 1 ? 'a picture' : `frames ${first} to ${end - 1} of ${frames}`;
  return html`<li>${shown}<strong>${path}</strong><br><span class="soft">${similarity.toFixed(4)}; ${place}<span class="when"></span></span></li>`;
}
