import type { FinetuneManifest, ProbeManifest } from '../../run/index.js';
import { html } from '../html.js';
import { duration } from '../progress-line.js';
import { curves, plotStyle } from './curves.js';
import { htmlPage } from './html-page.js';
import type { ReportInput } from './report-input.js';
import { STYLE } from './style.js';
import { manifestTable, problemTable } from './tables.js';

/** What the report of a linear probe shows. */
export interface ProbeReport
  extends Pick<ReportInput, 'folder' | 'metrics' | 'evaluations' | 'problems'> {
  readonly manifest: ProbeManifest;
}

/** One self-contained page about a linear probe: its scores, curves, problems and settings. */
export function probePage({
  folder,
  manifest,
  metrics,
  evaluations,
  problems,
}: ProbeReport): string {
  const { settings, data, test, classes, width } = manifest;
  const what =
    `linear probe of ${settings.run}: ${width} features to ${classes.length} classes; ` +
    `${data.clips} clips to learn from, ${test.clips} to judge by; ${metrics.length} of ${settings.steps} steps`;
  return taskPage(what, { folder, manifest, metrics, evaluations, problems });
}

/** What the report of any task shows whose scores are shares. */
interface TaskReport extends Omit<ProbeReport, 'manifest'> {
  readonly manifest: ProbeManifest | FinetuneManifest;
}

/** One self-contained page about a task that classifies; `what` says which, in a few words. */
export function taskPage(
  what: string,
  { folder, manifest, metrics, evaluations, problems }: TaskReport,
): string {
  const { backend, lacuna, created } = manifest;
  const seconds = metrics.reduce((total, { stepSeconds }) => total + stepSeconds, 0);
  const { protocol } = evaluations.at(-1) ?? {};
  const scores = Object.entries(evaluations.at(-1)?.scores ?? {});
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const rows = scores.map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th><td class="number">${percent(value)}</td></tr>`,
  );
  const summary =
    `${what} in ${duration(seconds)}; ` +
    `${backend.name} ${backend.version}, ${backend.device}; lacuna ${lacuna}, ${created.slice(0, 16).replace('T', ' ')} UTC`;
  const body = html`<h1>${folder}</h1>
<p class="soft">${summary}</p>
<section><h2>Scores</h2>${rows.length === 0 ? html`<p class="soft">It was not judged yet.</p>` : html`<table><caption>After step ${evaluations.at(-1)?.step ?? 0}${protocol === undefined ? '' : `: ${protocol}`}</caption><tbody>${rows}</tbody></table>`}</section>
<section><h2>Curves</h2>${curves(metrics, evaluations)}</section>
<section><h2>Data problems</h2>${problemTable(problems)}</section>
<section><h2>Manifest</h2>${manifestTable(manifest)}</section>`;
  return htmlPage(`Lacuna: ${folder}`, `${plotStyle()}${STYLE}`, body);
}
