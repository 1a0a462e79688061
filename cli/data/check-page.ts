import type { ClipRecord, DataSetCheck, DuplicateVideos, VideoFacts } from '../../data/index.js';
import { type Html, html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { htmlPage } from '../report/html-page.js';

/** What the page of a check shows. */
export interface CheckPageInput {
  readonly name: string;
  readonly format: string;
  readonly records: readonly ClipRecord[];
  readonly check: DataSetCheck;
  /** What the list says that is left out, in sentences. */
  readonly notes: readonly string[];
  readonly decodedAll: boolean;
}

/** Rows of a table; of more only the count is told. */
const MOST_ROWS = 1000;
/** Bars of a histogram. */
const BARS = 12;

const OWN = `
svg.bars { width: min(100%, 34rem); height: auto; display: block; } svg.bars rect { fill: var(--accent); }
svg.bars text { fill: var(--ink); font-size: 12px; } th, td.number { overflow-wrap: normal; white-space: nowrap; } td:first-child { min-width: 12rem; }
table.facts td:last-child { min-width: 9rem; }
@media (max-width: 40rem) {
  table.facts thead { display: none; } table.facts tr { display: block; padding: 0.5rem 0; border-bottom: 1px solid var(--line); }
  table.facts td { display: block; border: 0; padding: 0.1rem 0; text-align: left; } table.facts td:not(:first-child) { color: var(--soft); }
  table.facts td.number::after { content: " bytes"; }
}
div.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1rem; }
`;

/** One self-contained page: what is wrong first, then what there is. */
export function checkPage(input: CheckPageInput): string {
  const { name, format, records, check, notes, decodedAll } = input;
  const title = `Data check: ${name}`;
  const body = html`<h1>${title}</h1>
<p class="verdict">${summary(input).join(' ')}</p>
<p class="soft">Taken for: ${format}. ${decodedAll ? 'Every frame was decoded.' : 'Of each video a few frames were decoded (--quick): damage elsewhere is not seen.'}${check.notLookedAt > 0 ? ` Ended early: ${check.notLookedAt} videos were not looked at.` : ''}${check.notSearched > 0 ? ` ${check.notSearched} videos to judge by were not looked for in others: there are too many.` : ''}</p>
${notes.length === 0 ? '' : html`<ul>${notes.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
${badTable(check.videos)}
${skippedTable(input)}
${duplicateTable(check)}
<section><h2>Videos</h2><div class="sides">
${histogram(
  'Seconds',
  check.videos.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds])),
)}
${histogram(
  'Frames',
  check.videos.flatMap(({ info }) => (info === undefined ? [] : [info.frameCount])),
)}
</div><div class="sides">
${countTable('Codecs', check.videos, ({ info }) => info?.codec)}
${countTable('Containers', check.videos, ({ info }) => info?.container)}
${countTable('Sizes', check.videos, ({ info }) => info && `${info.width} x ${info.height}`)}
</div></section>
${captionSection(records)}`;
  return htmlPage(`Lacuna: ${title}`, `${STYLE}${OWN}`, body);
}

/** What was found, in sentences: for the page and for the terminal. */
export function summary({ records, check }: CheckPageInput): readonly string[] {
  const { videos, duplicates } = check;
  const bad = videos.filter(({ faults }) => faults.length > 0);
  const unreadable = videos.filter((facts) => facts.isUnreadable);
  const across = duplicates.filter(({ isAcross }) => isAcross).length;
  return [
    `${counted(records.length, 'record')}, ${counted(videos.length, 'video')}.`,
    bad.length === 0
      ? 'No file is broken.'
      : `${counted(bad.length, 'file')} broken, of which training skips ${unreadable.length}.`,
    duplicates.length === 0
      ? 'No duplicates were found.'
      : `${counted(duplicates.length, 'group')} of duplicates, ${across} of them between the lists.`,
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function badTable(videos: readonly VideoFacts[]): Html {
  const bad = videos.filter(({ faults }) => faults.length > 0);
  if (bad.length === 0) return html``;
  const rows = bad.map(
    ({ video, bytes, faults, isUnreadable }) =>
      html`<tr><td>${video}</td><td class="number">${bytes}</td><td>${faults.join('; ')}</td><td>${isUnreadable ? 'skips it' : 'takes what decodes of it'}</td></tr>`,
  );
  return table('Broken files', ['file', 'bytes', 'what is wrong', 'training'], rows);
}

/** What training passes over beside broken files. */
function skippedTable({ records, check }: CheckPageInput): Html {
  const silent = records.filter(({ captions }) => captions.length === 0);
  const rows = [
    ...check.videos.flatMap(({ video, badParts }) =>
      badParts.map((reason) => html`<tr><td>${video}</td><td>${reason}</td></tr>`),
    ),
    ...(silent.length > 0 && silent.length < records.length
      ? [
          html`<tr><td>${counted(silent.length, 'record')}, the first ${silent[0]?.id ?? ''}</td><td>no captions: objectives that align with text refuse the list</td></tr>`,
        ]
      : []),
  ];
  return rows.length === 0
    ? html``
    : table('Other records that training cannot use', ['record', 'why'], rows);
}

function duplicateTable({ duplicates }: DataSetCheck): Html {
  if (duplicates.length === 0) return html``;
  const sorted = [...duplicates].sort((a, b) => Number(b.isAcross) - Number(a.isAcross));
  const rows = sorted.map(
    ({ videos, isAcross, ...how }) =>
      html`<tr><td>${videos.map((video, i) => html`${i === 0 ? '' : html`<br>`}${video}`)}</td><td>${howAlike(how)}</td><td>${isAcross ? 'in both lists' : ''}</td></tr>`,
  );
  return table('Duplicates', ['videos', 'how', 'where'], rows);
}

/** In what way videos are duplicates. */
export function howAlike({
  isSameFile,
  part,
}: Pick<DuplicateVideos, 'isSameFile' | 'part'>): string {
  if (isSameFile) return 'the same file';
  if (part === undefined) return 'look alike';
  const [first, second] = part.at.map((seconds) => seconds.toFixed(1));
  return `${part.seconds.toFixed(1)} s look alike, from ${first} s of the first and ${second} s of the second on`;
}

function table(name: string, heads: readonly string[], rows: readonly Html[]): Html {
  const more = rows.length > MOST_ROWS ? ` The first ${MOST_ROWS} of ${rows.length}.` : '';
  return html`<section><h2>${name} <span class="soft">${rows.length}</span></h2><p class="soft">${more}</p><div class="scroll"><table class="facts">
<thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead><tbody>${rows.slice(0, MOST_ROWS)}</tbody></table></div></section>`;
}

/** How often each value comes, the most frequent first. */
function countTable(
  name: string,
  videos: readonly VideoFacts[],
  told: (facts: VideoFacts) => string | undefined,
): Html {
  const counts = new Map<string, number>();
  for (const facts of videos) {
    const value = told(facts);
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const rows = sorted
    .slice(0, BARS)
    .map(([value, count]) => html`<tr><td>${value}</td><td class="number">${count}</td></tr>`);
  const rest =
    sorted.length > BARS ? html`<tr><td>${sorted.length - BARS} others</td><td></td></tr>` : '';
  return html`<div class="scroll"><table><caption>${name}</caption><tbody>${rows}${rest}</tbody></table></div>`;
}

function captionSection(records: readonly ClipRecord[]): Html {
  const captions = records.flatMap((record) => record.captions);
  if (captions.length === 0) return html`<section><h2>Captions</h2><p>None.</p></section>`;
  const words = captions.map((caption) => caption.split(/\s+/).length);
  return html`<section><h2>Captions</h2><p>${counted(captions.length, 'caption')}, ${new Set(captions).size} of them different.</p><div class="sides">
${histogram('Words of a caption', words)}
${histogram(
  'Captions of a record',
  records.map((record) => record.captions.length),
)}</div></section>`;
}

/** Bars of equal width from 0 to the 99th percentile; what lies beyond is in the last one. */
function histogram(name: string, values: readonly number[]): Html {
  if (values.length === 0) return html``;
  const sorted = Float64Array.from(values).sort();
  const at = (part: number): number => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
  const width = stepOf(at(0.99) / BARS);
  const counts = new Array<number>(BARS + 1).fill(0);
  for (const value of values) {
    const bar = Math.min(BARS, Math.floor(value / width));
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  const last = counts.findLastIndex((count) => count > 0);
  const most = Math.max(...counts);
  const bars = counts.slice(0, last + 1).map((count, bar) => {
    const y = 20 * bar;
    const label =
      bar === BARS
        ? `${number(bar * width)} and more`
        : `${number(bar * width)} - ${number((bar + 1) * width)}`;
    const length = ((300 * count) / most).toFixed(1);
    return html`<text x="112" y="${y + 14}" text-anchor="end">${label}</text><rect x="120" y="${y + 3}" width="${length}" height="14"></rect><text x="${(126 + Number(length)).toFixed(1)}" y="${y + 14}">${count}</text>`;
  });
  return html`<figure><figcaption>${name}: from ${number(at(0))} to ${number(at(1))}, median ${number(at(0.5))}</figcaption><svg class="bars" viewBox="0 0 480 ${20 * (last + 1)}" role="img" aria-label="${`Histogram: ${name}`}">${bars}</svg></figure>`;
}

/** The next step of 1, 2, 5, 10, ... */
function stepOf(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
