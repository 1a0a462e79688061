import { duration } from '../../core/duration.js';
import { type Html, html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import type { FinetuneManifest, ProbeManifest } from '../../run/index.js';
import type { ProbeOutcome } from '../../training/index.js';
import { candidateText } from '../probe/probe-table.js';
import { percent, shareText } from '../share-text.js';
import { curves, plotStyle } from './curves.js';
import { htmlPage } from './html-page.js';
import type { ReportInput } from './report-input.js';
import { manifestTable, problemTable } from './tables.js';

/** What the report of a probe shows. */
export interface ProbeReport
  extends Pick<ReportInput, 'folder' | 'metrics' | 'evaluations' | 'problems'> {
  readonly manifest: ProbeManifest;
  /** Undefined where it has not ended. */
  readonly outcome: ProbeOutcome | undefined;
}

/** One self-contained page about a probe: its scores, candidates, confusions, curves, problems and settings. */
export function probePage({
  folder,
  manifest,
  metrics,
  evaluations,
  problems,
  outcome,
}: ProbeReport): string {
  const { settings, data, test, classes, width } = manifest;
  const { head = 'linear' } = settings;
  const what =
    `probe (${head}) of ${settings.run}: ${width} features to ${classes.length} classes; ` +
    `${data.clips} clips to learn from, ${test.clips} to judge by; ${metrics.length} steps`;
  const details = outcome === undefined ? '' : outcomeSections(outcome);
  return taskPage(what, { folder, manifest, metrics, evaluations, problems }, details);
}

/** What the report of any task shows whose scores are shares. */
interface TaskReport extends Omit<ProbeReport, 'manifest' | 'outcome'> {
  readonly manifest: ProbeManifest | FinetuneManifest;
}

/** One self-contained page about a task that classifies; `what` says which, in a few words. */
export function taskPage(
  what: string,
  { folder, manifest, metrics, evaluations, problems }: TaskReport,
  details: Html | '' = '',
): string {
  const { backend, lacuna, created } = manifest;
  const seconds = metrics.reduce((total, { stepSeconds }) => total + stepSeconds, 0);
  const { protocol } = evaluations.at(-1) ?? {};
  const scores = Object.entries(evaluations.at(-1)?.scores ?? {});
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
${details}
<section><h2>Curves</h2>${curves(metrics, evaluations)}</section>
<section><h2>Data problems</h2>${problemTable(problems)}</section>
<section><h2>Manifest</h2>${manifestTable(manifest)}</section>`;
  return htmlPage(`Lacuna: ${folder}`, `${plotStyle()}${STYLE}`, body);
}

/** Cells that a page has of a confusion matrix at most; the rest is in `result.json`. */
const MOST_CELLS = 2000;

function outcomeSections({ scores, interval, protocol, choice, confusion }: ProbeOutcome): Html {
  const cells = confusion
    .slice(0, MOST_CELLS)
    .map(
      ({ right, named, clips }) =>
        html`<tr><th scope="row">${right}</th><td>${named}</td><td class="number">${clips}</td></tr>`,
    );
  const more =
    confusion.length > MOST_CELLS ? ` (the first ${MOST_CELLS} of ${confusion.length})` : '';
  const candidates = choice?.candidates.map(
    (candidate, index) =>
      html`<tr><th scope="row">${candidateText(candidate)}${index === choice.chosen ? ' (chosen)' : ''}</th><td class="number">${percent(candidate.top1)}</td></tr>`,
  );
  return html`<section><h2>Result</h2><p>Top-1 ${shareText(scores.top1)}, top-5 ${shareText(scores.top5)} (${interval}).</p>
<p class="soft">${protocol}</p></section>
${choice === undefined || candidates === undefined ? '' : html`<section><h2>Candidates</h2><table><caption>Top-1 on ${choice.clips} clips of those to learn from: highest ${percent(choice.highest)}, lowest ${percent(choice.lowest)}, mean ${percent(choice.mean)}</caption><tbody>${candidates}</tbody></table></section>`}
<section><h2>Confusions</h2><div class="scroll"><table><caption>How often clips of a class were named which${more}</caption><thead><tr><th>class</th><th>named</th><th class="number">clips</th></tr></thead><tbody>${cells}</tbody></table></div></section>`;
}
