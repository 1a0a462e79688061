import {
  type CombinedResult,
  type ConfusedClip,
  type HeadResult,
  worstConfusions,
} from '../../evaluation/index.js';
import { type Html, html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { htmlPage } from '../report/html-page.js';
import { percent, shareText } from '../share-text.js';
import { playingClip, playingStyle } from './playing-clip.js';

/** What the page about a classification shows. */
export interface ClassificationReport {
  /** The run folder. */
  readonly run: string;
  /** The list that was judged by. */
  readonly data: string;
  readonly protocol: string;
  readonly heads: readonly HeadResult[];
  /** What several heads come to together. */
  readonly combined?: CombinedResult | undefined;
  /** Of each head, by its place: clips that were taken for another class. @defaultValue none are shown */
  readonly confused?: readonly (readonly ConfusedClip[])[];
  /** Of the clips. */
  readonly clip: { readonly frames: number; readonly size: number };
}

/** With more classes a matrix is unreadable: the confusions are listed. */
const MATRIX_CLASSES = 48;
const LISTED_CONFUSIONS = 100;

/** One self-contained page: scores with their intervals, calibration, classes, confusions with clips that play. */
export function classificationPage(report: ClassificationReport): string {
  const { run, data, protocol, heads, combined, confused = [], clip } = report;
  const body = html`<h1>${run}</h1>
<p class="soft">classification on ${data}: ${protocol}</p>
${combinedSection(combined)}${heads.map((head, place) => html`${headSection(head)}${confusedSection(confused[place] ?? [], clip.size)}`)}`;
  return htmlPage(`Lacuna: ${run}`, `${STYLE}${playingStyle(clip.frames, clip.size)}`, body);
}

function confusedSection(clips: readonly ConfusedClip[], size: number): Html {
  if (clips.length === 0) return html``;
  const figures = clips.map(({ record, right, said, probability, frames }) => {
    const title = `${record.id}: ${right}, taken for ${said}`;
    return html`<figure>${playingClip(frames, size, title)}<figcaption><b>${right}</b>, taken for <b>${said}</b> (${percent(probability)} sure)<br>${record.id}</figcaption></figure>`;
  });
  return html`<section><h3>Clips that were taken for another class</h3>
<p class="soft">Of each of the most frequent confusions the clip that the classifier was surest of, as it saw it.</p><div class="clips">${figures}</div></section>`;
}

/** What several heads are worth together; nothing of one. */
export function combinedSection(combined: CombinedResult | undefined): Html {
  if (combined === undefined) return html``;
  const { names, top1, top5 } = combined;
  return html`<section><h2>${names.join(' and ')} together</h2>
<table><caption>Right where all of them are, of all combinations by the product of their probabilities</caption><tbody>
<tr><th scope="row">top-1</th><td class="number">${shareText(top1)}</td></tr><tr><th scope="row">top-5</th><td class="number">${shareText(top5)}</td></tr>
</tbody></table></section>`;
}

/** What one head is worth: scores, calibration, confusions. */
export function headSection(result: HeadResult): Html {
  const { head, top1, top5, meanClass, chance, majority, calibration } = result;
  const row = (name: string, value: string): Html =>
    html`<tr><th scope="row">${name}</th><td class="number">${value}</td></tr>`;
  const bins = calibration.bins.flatMap(({ count, confidence, accuracy }, index) =>
    count === 0
      ? []
      : [
          html`<tr><th scope="row">${(index / calibration.bins.length).toFixed(2)} to ${((index + 1) / calibration.bins.length).toFixed(2)}</th><td class="number">${count}</td><td class="number">${percent(confidence)}</td><td class="number">${percent(accuracy)}</td></tr>`,
        ],
  );
  return html`<section><h2>${head.name}: ${head.classes.length} classes</h2>
<table><caption>Intervals of 95 % (Wilson): what another draw of clips would change</caption><tbody>
${row('top-1', shareText(top1))}${row('top-5', shareText(top5))}${row('mean over classes, top-1', percent(meanClass))}
${row('chance', percent(chance))}${row('always the most frequent class', percent(majority))}${row('calibration error', percent(calibration.error))}
</tbody></table>
<h3>Calibration</h3>
<table class="ranges"><thead><tr><th>said</th><th class="number">clips</th><th class="number">mean said</th><th class="number">right</th></tr></thead><tbody>${bins}</tbody></table>
<h3>Confusions</h3>${head.classes.length <= MATRIX_CLASSES ? matrix(result) : html``}${confusionTable(result)}</section>`;
}

/** Row by row the right class, column by column the one that was said. */
function matrix({ head, confusion }: HeadResult): Html {
  const rows = head.classes.map(
    (name, i) =>
      html`<tr><th scope="row">${i} ${name}</th>${[...(confusion[i] ?? [])].map((count) => html`<td class="number">${count === 0 ? '' : count}</td>`)}</tr>`,
  );
  return html`<div class="scroll"><table><caption>Clips of each class (rows) by what was said of them (columns)</caption>
<thead><tr><th></th>${head.classes.map((_, i) => html`<th class="number">${i}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function confusionTable(result: HeadResult): Html {
  const all = worstConfusions(result, LISTED_CONFUSIONS);
  if (all.length === 0) return html`<p class="soft">No clip was taken for another class.</p>`;
  const rows = all.map(
    ({ right, said, count, of }) =>
      html`<tr><td>${right}</td><td>${said}</td><td class="number">${count} of ${of}</td></tr>`,
  );
  return html`<table><caption>The most frequent ones</caption><thead><tr><th>is</th><th>was taken for</th><th class="number">clips</th></tr></thead><tbody>${rows}</tbody></table>`;
}
