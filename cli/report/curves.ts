import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Html, html, scriptJson, scriptOf } from '../../formats/html/html.js';
import type { StepEvaluation, StepMetrics } from '../../run/index.js';

export interface Chart {
  readonly title: string;
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
    /** A dashed line: a loss that is reported and not optimised. */
    readonly dashed?: boolean;
    /** Values of some steps only, joined by lines. */
    readonly sparse?: boolean;
  }[];
}

const MAX_POINTS = 2000;
const COLOURS = [
  '#1a6fb5',
  '#d1642e',
  '#3d8f4e',
  '#8a55b8',
  '#b8902a',
  '#c2477f',
  '#3aa3a0',
  '#7d6b5d',
];

/** Charts that have their steps in common. */
export interface Charts {
  readonly steps: readonly number[];
  readonly charts: readonly Chart[];
}

/** The curves of a run as HTML. */
export function curves(
  metrics: readonly StepMetrics[],
  evaluations: readonly StepEvaluation[] = [],
): Html {
  if (metrics.length === 0) return html`<p class="soft">No step was recorded.</p>`;
  const { steps, charts } = runCharts(metrics, evaluations);
  return plots(steps, charts);
}

/**
 * The curves of a run: loss and its parts, learning rate, step time, share of waiting, and what the model was
 * worth in between. Of many steps about `MAX_POINTS` are shown.
 */
export function runCharts(
  metrics: readonly StepMetrics[],
  evaluations: readonly StepEvaluation[],
): Charts {
  const every = Math.max(1, Math.ceil(metrics.length / MAX_POINTS));
  const evaluated = new Set(evaluations.map(({ step }) => step));
  const points = metrics.filter(
    ({ step }, index) => index % every === 0 || index === metrics.length - 1 || evaluated.has(step),
  );
  const column = (value: (point: StepMetrics) => number | undefined) =>
    points.map((point) => {
      const number = value(point);
      return number === undefined || !Number.isFinite(number) ? null : number;
    });
  const names = [...new Set(points.flatMap((point) => Object.keys(point.metrics)))].sort();
  const isLoss = (name: string): boolean => name === 'loss' || name.startsWith('loss.');
  const losses = names.filter(isLoss);
  // What is counted and never happened, such as equal captions, needs no chart.
  const others = names.filter(
    (name) => !isLoss(name) && points.some((point) => (point.metrics[name] ?? 0) !== 0),
  );
  const metric = (label: string) => ({ label, values: column((point) => point.metrics[label]) });
  const charts: Chart[] = [
    { title: 'loss', series: losses.map(metric) },
    ...others.map((name) => ({ title: name, series: [metric(name)] })),
    ...evaluationCharts(
      evaluations,
      points.map(({ step }) => step),
    ),
    {
      title: 'learning rate',
      series: [{ label: 'learning rate', values: column((point) => point.learningRate) }],
    },
    {
      title: 'seconds a step',
      series: [
        { label: 'step', values: column((point) => point.stepSeconds) },
        { label: 'of it waiting for data', values: column((point) => point.waitSeconds) },
      ],
    },
  ];
  return { steps: points.map(({ step }) => step), charts };
}

/** A chart of each score of each evaluator: a rank and a share have no scale in common. */
export function evaluationCharts(
  evaluations: readonly StepEvaluation[],
  steps: readonly number[],
): readonly Chart[] {
  const found = new Map<string, Map<number, number>>();
  for (const { step, evaluator, scores } of evaluations) {
    for (const [name, value] of Object.entries(scores)) {
      const title = `${evaluator}: ${name}`;
      const values = found.get(title) ?? new Map<number, number>();
      found.set(title, values.set(step, value));
    }
  }
  return [...found].map(([title, values]) => ({
    title,
    series: [{ label: title, sparse: true, values: steps.map((step) => values.get(step) ?? null) }],
  }));
}

/** Charts over steps as HTML; once a page, because it brings its library along. */
export function plots(steps: readonly number[], charts: readonly Chart[]): Html {
  return html`<div id="charts"></div>
${chartScripts()}
${scriptOf(`drawCharts(document.getElementById('charts'), ${scriptJson({ steps, charts })});`)}`;
}

/** The scripts that define `drawCharts(element, charts)`; called again, it shows the charts of now. */
export function chartScripts(): Html {
  return html`${scriptOf(LANGUAGE)}${scriptOf(plotLibrary())}${scriptOf(DRAWING)}`;
}

const LANGUAGE = `
// Where the system's locale is POSIX, Chromium has a language that Intl, which uPlot calls, refuses.
try { new Intl.NumberFormat(navigator.language); } catch { Object.defineProperty(navigator, 'language', { value: 'en-US' }); }
`;

const DRAWING = `
const drawnCharts = new Map();
function drawCharts(host, { steps, charts }) {
  const colours = ${scriptJson(COLOURS)};
  const ink = () => getComputedStyle(document.body).color;
  const grid = { stroke: 'rgba(128,128,128,.25)' };
  const width = (place) => Math.min(place.clientWidth, 1040);
  for (const chart of charts) {
    const data = [steps, ...chart.series.map(({ values }) => values)];
    const labels = JSON.stringify(chart.series.map(({ label }) => label));
    const drawn = drawnCharts.get(chart.title);
    if (drawn?.labels === labels) { drawn.plot.setData(data); continue; }
    drawn?.plot.destroy();
    const place = drawn?.place ?? host.appendChild(document.createElement('div'));
    place.className = 'chart';
    const plot = new uPlot({
      title: chart.title, width: width(place), height: 240, scales: { x: { time: false } },
      axes: [{ stroke: ink, grid, label: 'step' }, { stroke: ink, grid, size: 70, values: (_, ticks) => ticks.map((tick) => Number(tick.toPrecision(3))) }],
      series: [{ label: 'step' }, ...chart.series.map(({ label, dashed, sparse }, i) => ({ label, spanGaps: sparse === true, stroke: colours[i % colours.length], width: 1.5, dash: dashed ? [6, 4] : undefined }))],
    }, data, place);
    drawnCharts.set(chart.title, { plot, place, labels });
  }
  if (drawCharts.listens) return;
  drawCharts.listens = true;
  addEventListener('resize', () => { for (const { plot, place } of drawnCharts.values()) plot.setSize({ width: width(place), height: 240 }); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { for (const { plot } of drawnCharts.values()) plot.redraw(); });
}
`;

/** uPlot's style sheet, for the page's head. */
export function plotStyle(): string {
  return readPlotFile('uplot/dist/uPlot.min.css');
}

function plotLibrary(): string {
  return readPlotFile('uplot/dist/uPlot.iife.min.js');
}

function readPlotFile(name: string): string {
  return readFileSync(createRequire(import.meta.url).resolve(name), 'utf8');
}
