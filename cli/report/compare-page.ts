import { basename, resolve } from 'node:path';
import { figure, strips } from '../../evaluation/index.js';
import { type Html, html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { capabilitiesOf, type StepMetrics, videoConfigOf } from '../../run/index.js';
import { type Chart, plotStyle, plots } from './curves.js';
import { htmlPage } from './html-page.js';
import type { ReportInput } from './report-input.js';

const MAX_POINTS = 1000;
/** The share of the newest step in a running mean. */
const NEWEST = 0.1;
/** What is put side by side; the clip itself stands above. */
const COMPARED = /^(mask|reconstruction alone|attention)/;
const LOSSES = [
  ['loss.contrastive', 'contrastive loss (dashed: reported, not optimised)'],
  ['loss.mae', 'reconstruction loss (each of its own masked cubes)'],
] as const;

/**
 * One self-contained page about several runs: their curves over each other, and of each clip the
 * masks, reconstructions and attention side by side (TGM, figure 4 and section 4.7).
 */
export function comparePage(runs: readonly ReportInput[]): string {
  const title = `Lacuna: ${runs.length} runs`;
  const body = html`<h1>${`${runs.length} runs side by side`}</h1>
${runTable(runs)}
<section><h2>Curves</h2><p class="soft">Running means over about ${1 / NEWEST} steps.</p>${comparedCurves(runs)}</section>
<section><h2>Masks, reconstructions and attention</h2>${comparedClips(runs)}</section>`;
  return htmlPage(title, `${plotStyle()}${STYLE}${COLUMNS}`, body);
}

const COLUMNS = `
.columns { display: grid; gap: 0 1rem; overflow-x: auto; grid-auto-flow: column; grid-auto-columns: minmax(16rem, 1fr); }
thead th, td { overflow-wrap: normal; } .columns h4 { margin: .5rem 0; font-size: .9rem; }
`;

/** A run in a few words: its folder, its mask, what it optimises. */
function labelOf({ folder, manifest }: ReportInput): string {
  const { mask } = manifest.settings;
  return `${basename(resolve(folder))}: ${mask.kind} ${mask.ratio}, ${lossOf(manifest)}`;
}

function lossOf({ settings }: ReportInput['manifest']): string {
  const { reconstructs, aligns } = capabilitiesOf(settings);
  if (reconstructs && aligns && settings.contrastive.weight === 0)
    return 'mae (contrastive watched)';
  return settings.objective;
}

function runTable(runs: readonly ReportInput[]): Html {
  const rows = runs.map(({ folder, manifest, metrics }) => {
    const { settings, tokens } = manifest;
    const last = metrics.at(-1)?.metrics ?? {};
    const shown = (name: string): string => last[name]?.toFixed(3) ?? '';
    const cells = [
      `${settings.mask.kind} ${settings.mask.ratio}`,
      lossOf(manifest),
      `${tokens.visible} of ${tokens.visible + tokens.masked}`,
      `${metrics.length} of ${settings.batch} clips`,
      `${settings.seed}`,
      shown('loss.mae'),
      shown('loss.contrastive'),
    ];
    return html`<tr><th scope="row">${folder}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  });
  const head = [
    'run',
    'mask',
    'optimised',
    'visible tokens',
    'steps',
    'seed',
    'last MAE loss',
    'last contrastive loss',
  ];
  return html`<div class="scroll"><table><caption>The runs; losses of the last step</caption>
<thead><tr>${head.map((name) => html`<th>${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function comparedCurves(runs: readonly ReportInput[]): Html {
  const longest = Math.max(...runs.map(({ metrics }) => metrics.at(-1)?.step ?? 0));
  if (longest === 0) return html`<p class="soft">No step was recorded.</p>`;
  const every = Math.ceil(longest / MAX_POINTS);
  const steps = Array.from({ length: Math.floor(longest / every) }, (_, i) => (i + 1) * every);
  const charts = LOSSES.flatMap(([name, title]): Chart[] => {
    const series = runs.flatMap((run) => {
      const means = runningMeans(run.metrics, name);
      if (means.size === 0) return [];
      const watched = name === 'loss.contrastive' && run.manifest.settings.contrastive.weight === 0;
      const values = steps.map((step) => means.get(step) ?? null);
      return [{ label: labelOf(run), values, ...(watched ? { dashed: true } : {}) }];
    });
    return series.length === 0 ? [] : [{ title, series }];
  });
  return plots(steps, charts);
}

/** The running mean of a metric by step; a value that is not finite is left out. */
function runningMeans(metrics: readonly StepMetrics[], name: string): ReadonlyMap<number, number> {
  const means = new Map<number, number>();
  let mean: number | undefined;
  for (const { step, metrics: values } of metrics) {
    const value = values[name];
    if (value === undefined || !Number.isFinite(value)) continue;
    mean = mean === undefined ? value : mean + NEWEST * (value - mean);
    means.set(step, mean);
  }
  return means;
}

/** The clips that the first run shows, each with what every run makes of it. */
function comparedClips(runs: readonly ReportInput[]): Html {
  const [first] = runs;
  const clips = (first?.reconstructions ?? []).map(({ id, caption }) => {
    const columns = runs.map((run) => {
      const example = run.reconstructions.find((each) => each.id === id);
      const { settings } = run.manifest;
      const drawn =
        example === undefined ? [] : strips(example, videoConfigOf(settings), settings.mae.target);
      return { label: labelOf(run), strips: drawn };
    });
    const clip = columns[0]?.strips.find(({ title }) => title === 'target');
    const heading = caption === undefined ? id : `${id}: “${caption}”`;
    const shown = columns.map(({ label, strips: drawn }) => {
      const figures = drawn
        .filter(({ title }) => COMPARED.test(title))
        .map((strip) => figure(strip, id));
      const none = html`<p class="soft">It does not show this clip.</p>`;
      return html`<div><h4>${label}</h4>${figures.length === 0 ? none : figures}</div>`;
    });
    return html`<h3>${heading}</h3>${clip === undefined ? '' : figure(clip, id)}
<div class="columns">${shown}</div>`;
  });
  return clips.length === 0
    ? html`<p class="soft">The first run reconstructs nothing.</p>`
    : html`${clips}`;
}
