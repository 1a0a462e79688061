import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { StepEvaluation, StepMetrics } from '../../run/index.js';
import { type Html, html, scriptJson, scriptOf } from '../html.js';

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

/**
 * The curves of a run as HTML: loss and its parts, learning rate, step time, share of waiting, and what
 * the model was worth in between.
 */
export function curves(
  metrics: readonly StepMetrics[],
  evaluations: readonly StepEvaluation[] = [],
): Html {
  if (metrics.length === 0) return html`<p class="soft">No step was recorded.</p>`;
  const every = Math.ceil(metrics.length / MAX_POINTS);
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
  return plots(
    points.map(({ step }) => step),
    charts,
  );
}

/** A chart of each score of each evaluator: a rank and a share have no scale in common. */
function evaluationCharts(
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
${scriptOf(LANGUAGE)}
${scriptOf(plotLibrary())}
${scriptOf(drawing(steps, charts))}`;
}

const LANGUAGE = `
// Where the system's locale is POSIX, Chromium has a language that Intl, which uPlot calls, refuses.
try { new Intl.NumberFormat(navigator.language); } catch { Object.defineProperty(navigator, 'language', { value: 'en-US' }); }
`;

function drawing(steps: readonly number[], charts: readonly Chart[]): string {
  return `
const chartData = ${scriptJson({ steps, charts, colours: COLOURS })};
const host = document.getElementById('charts');
const ink = getComputedStyle(document.body).color;
const grid = { stroke: 'rgba(128,128,128,.25)' };
for (const chart of chartData.charts) {
  const place = host.appendChild(document.createElement('div'));
  place.className = 'chart';
  const width = () => Math.min(host.clientWidth, 1040);
  const plot = new uPlot({
    title: chart.title, width: width(), height: 240, scales: { x: { time: false } },
    axes: [{ stroke: ink, grid, label: 'step' }, { stroke: ink, grid, size: 70, values: (_, ticks) => ticks.map((tick) => Number(tick.toPrecision(3))) }],
    series: [{ label: 'step' }, ...chart.series.map(({ label, dashed, sparse }, i) => ({ label, spanGaps: sparse === true, stroke: chartData.colours[i % chartData.colours.length], width: 1.5, dash: dashed ? [6, 4] : undefined }))],
  }, [chartData.steps, ...chart.series.map(({ values }) => values)], place);
  addEventListener('resize', () => plot.setSize({ width: width(), height: 240 }));
}
`;
}

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
