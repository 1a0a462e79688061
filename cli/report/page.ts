import { duration } from '../../core/duration.js';
import { figure, strips } from '../../evaluation/index.js';
import { type Html, html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { videoConfigOf } from '../../run/index.js';
import { curves, plotStyle } from './curves.js';
import { htmlPage } from './html-page.js';
import type { ReportInput } from './report-input.js';
import { similarityMatrix } from './similarity.js';
import { manifestTable, problemTable, scoreTable, stageTable } from './tables.js';

/** One self-contained page about a run: it loads nothing, from anywhere. */
export function reportPage(input: ReportInput): string {
  const { manifest, metrics, evaluations, problems, evaluation, retrieval, reconstructions } =
    input;
  const title = `Lacuna: ${input.folder}`;
  const sections = [
    section('Curves', html`${curves(metrics, evaluations)}${protocols(evaluations)}`),
    manifest.stages === undefined ? html`` : section('Stages', stageTable(manifest.stages)),
    reconstructions.length === 0 ? html`` : section('Masks and reconstructions', examples(input)),
    retrieval === undefined
      ? html``
      : section('Text and video', similarityMatrix(retrieval, input.galleryWasTrainedOn)),
    section('Data problems', problemTable(problems)),
    section('Manifest', manifestTable(manifest)),
  ];
  const body = html`<h1>${input.folder}</h1>
<p class="soft">${summary(input)}</p>
${evaluation === undefined ? '' : html`<p class="verdict">${evaluation.verdict}</p>${scoreTable(evaluation)}`}
${sections}`;
  return htmlPage(title, `${plotStyle()}${STYLE}`, body);
}

/** How the numbers of the last evaluations came about. */
function protocols(evaluations: ReportInput['evaluations']): Html {
  const last = new Map(evaluations.map(({ evaluator, protocol }) => [evaluator, protocol]));
  const lines = [...last].flatMap(([evaluator, protocol]) =>
    protocol === undefined ? [] : [html`<p class="soft">${evaluator}: ${protocol}.</p>`],
  );
  return html`${lines}`;
}

function summary({ manifest, metrics }: ReportInput): string {
  const { settings, parameters, backend, data, tokens, lacuna } = manifest;
  const seconds = metrics.reduce((total, { stepSeconds }) => total + stepSeconds, 0);
  const waiting = metrics.reduce((total, { waitSeconds }) => total + waitSeconds, 0);
  const share = seconds > 0 ? Math.round((100 * waiting) / seconds) : 0;
  return (
    `${settings.objective} of preset ${settings.preset}: ${(parameters / 1e6).toFixed(1)} M parameters, ` +
    `${data.clips} clips, ${tokens.visible} of ${tokens.visible + tokens.masked} tokens visible (${settings.mask.kind}); ` +
    `${metrics.length} steps of ${settings.batch} clips in ${duration(seconds)}, ${share} % of it waiting for data; ` +
    `${backend.name} ${backend.version}, ${backend.device}; lacuna ${lacuna}, ${manifest.created.slice(0, 16).replace('T', ' ')} UTC`
  );
}

function examples({ reconstructions, manifest }: ReportInput): Html {
  const { settings } = manifest;
  const shown = reconstructions.map((example) => {
    const figures = strips(example, videoConfigOf(settings), settings.mae.target).map((strip) =>
      figure(strip, example.id),
    );
    const caption = example.caption === undefined ? '' : `: “${example.caption}”`;
    return html`<h3>${example.id}${caption}</h3><div class="strips">${figures}</div>`;
  });
  return html`${shown}`;
}

function section(title: string, content: Html): Html {
  return html`<section><h2>${title}</h2>${content}</section>`;
}
