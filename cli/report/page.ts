import { videoConfigOf } from '../../run/index.js';
import { duration } from '../progress-line.js';
import { curves, plotStyle } from './curves.js';
import { escapeHtml } from './escape.js';
import { strips } from './pictures.js';
import type { ReportInput } from './report-input.js';
import { similarityMatrix } from './similarity.js';
import { STYLE } from './style.js';
import { manifestTable, problemTable, scoreTable } from './tables.js';

/** One self-contained page about a run: it loads nothing, from anywhere. */
export function reportPage(input: ReportInput): string {
  const { manifest, metrics, evaluations, problems, evaluation, retrieval, reconstructions } =
    input;
  const title = `Lacuna: ${input.folder}`;
  const sections = [
    section('Curves', curves(metrics, evaluations)),
    reconstructions.length === 0 ? '' : section('Masks and reconstructions', examples(input)),
    retrieval === undefined
      ? ''
      : section('Text and video', similarityMatrix(retrieval, input.galleryWasTrainedOn)),
    section('Data problems', problemTable(problems)),
    section('Manifest', manifestTable(manifest)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${plotStyle()}${STYLE}</style></head><body>
<h1>${escapeHtml(input.folder)}</h1>
<p class="soft">${escapeHtml(summary(input))}</p>
${evaluation === undefined ? '' : `<p class="verdict">${escapeHtml(evaluation.verdict)}</p>${scoreTable(evaluation)}`}
${sections.join('\n')}
</body></html>
`;
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

function examples({ reconstructions, manifest }: ReportInput): string {
  const { settings } = manifest;
  return reconstructions
    .map((example) => {
      const figures = strips(example, videoConfigOf(settings), settings.mae.target).map(
        ({ title, note, png }) =>
          `<figure><img src="${png}" alt="${escapeHtml(`${title} of ${example.id}: ${note}`)}">` +
          `<figcaption><b>${escapeHtml(title)}</b>: ${escapeHtml(note)}</figcaption></figure>`,
      );
      const caption = example.caption === undefined ? '' : `: “${example.caption}”`;
      return `<h3>${escapeHtml(`${example.id}${caption}`)}</h3><div class="strips">${figures.join('\n')}</div>`;
    })
    .join('\n');
}

function section(title: string, content: string): string {
  return `<section><h2>${title}</h2>${content}</section>`;
}
