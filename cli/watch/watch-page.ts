import { Html, html, scriptOf } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { chartScripts, plotStyle } from '../report/curves.js';
import { contentHash } from '../report/html-page.js';

const OWN = `
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; } h1 { overflow-wrap: anywhere; }
.state { font-size: .9rem; padding: .1rem .6rem; border-radius: 1rem; background: var(--card); border: 1px solid var(--line); white-space: nowrap; }
.state[data-state="running"] { border-color: var(--accent); color: var(--accent); }
progress { width: 100%; height: .5rem; accent-color: var(--accent); margin: .75rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: .75rem; margin: 1rem 0; } dl div { background: var(--card); border-radius: 4px; padding: .5rem .75rem; min-width: 0; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#judged { margin-top: 1rem; } .charts { display: grid; grid-template-columns: minmax(0, 1fr); } #lost { color: #b3261e; } .strips img { width: 100%; }
@media (min-width: 60rem) { .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 1.5rem; } }
@media (prefers-color-scheme: dark) { #lost { color: #f2b8b5; } }
[hidden] { display: none; }
`;
const CSS = `${plotStyle()}${STYLE}${OWN}`;

/** Asks the server what the run's files say now, and shows it; every text goes in as text. */
const SCRIPT = `
const at = (id) => document.getElementById(id);
const make = (name, text, className) => { const made = document.createElement(name); if (text !== undefined) made.textContent = text; if (className) made.className = className; return made; };
const short = (value) => value === null ? '-' : String(Number(value.toPrecision(4)));
const clock = (seconds) => { const s = Math.round(seconds); return s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ':' + String(s % 60).padStart(2, '0') + ' min' : Math.floor(s / 3600) + ':' + String(Math.floor(s / 60) % 60).padStart(2, '0') + ' h'; };
const rows = (body, lines) => body.replaceChildren(...lines.map((cells) => { const row = make('tr'); row.append(...cells.map((cell, i) => make(i === 0 ? 'th' : 'td', cell))); return row; }));
let seen = '';
let shownPictures = null;

function show(run) {
  document.title = run.step + '/' + run.steps + ' ' + run.folder;
  at('name').textContent = run.folder;
  at('state').textContent = run.state;
  at('state').dataset.state = run.state;
  at('what').textContent = run.task + ': ' + run.what;
  at('progress').max = run.steps;
  at('progress').value = run.step;
  at('step').textContent = run.step + ' of ' + run.steps;
  at('loss').textContent = short(run.loss);
  const { pace } = run;
  at('pace').textContent = pace ? short(pace.clipsPerSecond) + ' clips/s' : '-';
  at('seconds').textContent = pace ? (pace.stepSeconds < 10 ? Math.round(pace.stepSeconds * 1000) + ' ms' : clock(pace.stepSeconds)) : '-';
  at('waiting').textContent = pace ? Math.round(100 * pace.waiting) + ' %' : '-';
  at('left').textContent = run.state === 'running' && pace ? clock(pace.left) : '-';
  at('nothing').hidden = run.step > 0;
  drawCharts(at('charts'), run.charts);
  at('evaluations').hidden = run.evaluations.length === 0;
  drawCharts(at('judged'), run.evaluationCharts);
  rows(at('scores'), run.evaluations.flatMap(({ evaluator, step, scores }) => Object.entries(scores).map(([name, value]) => [evaluator + ' ' + name, short(value), 'step ' + step])));
  const { skipped, incomplete, shown } = run.problems;
  at('problemCount').textContent = skipped + incomplete === 0 ? 'Every clip that was read could be used.' : skipped + ' clips, or captions of them, could not be used; ' + incomplete + ' lack frames, and were used.' + (shown.length < skipped + incomplete ? ' The last ' + shown.length + ':' : '');
  at('problemTable').hidden = shown.length === 0;
  rows(at('problems'), [...shown].reverse().map(({ id, reason }) => [id, reason]));
}

async function showPictures(checkpoint) {
  if (checkpoint === null || checkpoint === shownPictures) return;
  const answer = await fetch('/pictures.json');
  if (!answer.ok) return;
  const { step, clips, problem, isMaking } = await answer.json();
  at('pictures').hidden = clips.length === 0 && problem === null && !isMaking;
  at('pictureState').textContent = (step === null ? '' : 'By the checkpoint of step ' + step + '. ') + (isMaking ? 'Those of step ' + checkpoint + ' are being made.' : problem ?? '');
  if (step !== Number(at('clips').dataset.step)) {
    at('clips').dataset.step = step;
    at('clips').replaceChildren(...clips.map(({ id, caption, strips }) => {
      const place = make('div');
      const all = make('div', undefined, 'strips');
      all.append(...strips.map(({ title, note, png }) => {
        const figure = make('figure');
        const img = make('img');
        img.src = png;
        img.alt = title + ' of ' + id + ': ' + note;
        const text = make('figcaption');
        text.append(make('b', title), ': ' + note);
        figure.append(img, text);
        return figure;
      }));
      place.append(make('h3', caption === null ? id : id + ': \\u201c' + caption + '\\u201d'), all);
      return place;
    }));
  }
  if (!isMaking) shownPictures = checkpoint;
}

async function look() {
  try {
    const answer = await fetch('/run.json');
    if (!answer.ok) throw new Error(await answer.text());
    const text = await answer.text();
    at('lost').textContent = '';
    const { age, ...run } = JSON.parse(text);
    at('last').textContent = age === null ? '-' : clock(age) + ' ago';
    const told = JSON.stringify(run);
    if (told !== seen) show(run);
    seen = told;
    await showPictures(run.checkpoint);
  } catch (error) {
    at('lost').textContent = error instanceof TypeError ? 'The server of this page is not reached; what is shown may be old.' : String(error.message ?? error);
  }
  setTimeout(look, 2000);
}
look();
`;

const BODY: Html = html`<header><h1 id="name">A run</h1><span class="state" id="state" role="status">asked for</span></header>
<p class="soft" id="what"></p><p id="lost" role="alert"></p>
<progress id="progress" max="1" value="0" aria-label="steps that are done"></progress>
<dl><div><dt>step</dt><dd id="step">-</dd></div><div><dt>loss</dt><dd id="loss">-</dd></div><div><dt>pace</dt><dd id="pace">-</dd></div><div><dt>a step</dt><dd id="seconds">-</dd></div><div><dt>waiting for data</dt><dd id="waiting">-</dd></div><div><dt>left</dt><dd id="left">-</dd></div><div><dt>last step</dt><dd id="last">-</dd></div></dl>
<section><h2>Curves</h2><p class="soft" id="nothing">No step is recorded yet.</p><div id="charts" class="charts"></div></section>
<section id="pictures" hidden><h2>Masks and reconstructions</h2><p class="soft" id="pictureState"></p><div id="clips"></div></section>
<section id="evaluations" hidden><h2>Evaluations</h2><div class="scroll"><table><tbody id="scores"></tbody></table></div><div id="judged" class="charts"></div></section>
<section><h2>Data problems</h2><p class="soft" id="problemCount"></p><div class="scroll"><table id="problemTable" hidden><thead><tr><th>clip</th><th>why</th></tr></thead><tbody id="problems"></tbody></table></div></section>
${chartScripts()}${scriptOf(SCRIPT)}`;

/** The policy that lets the page do no more than it does: it asks this server, and shows what is in the answers. */
export const WATCH_POLICY: string = [
  "default-src 'none'",
  `script-src ${BODY.scripts.map(contentHash).join(' ')}`,
  `style-src ${contentHash(CSS)}`,
  'img-src data:',
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page about a run that is trained; what it shows comes from `/run.json` and `/pictures.json`. */
export const WATCH_PAGE: string = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lacuna: a run</title><link rel="icon" href="data:,"><style>${Html.trusted(CSS)}</style></head><body>
${BODY}
</body></html>
`.text;
