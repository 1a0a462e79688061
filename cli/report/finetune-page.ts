import { html } from '../../formats/html/html.js';
import type { FinetuneManifest } from '../../run/index.js';
import { combinedSection, headSection } from '../classification/classification-page.js';
import type { StoredClassification } from '../classification/stored-classification.js';
import { taskPage } from './probe-page.js';
import type { ReportInput } from './report-input.js';

/** What the report of a fine-tuning run shows. */
export interface FinetuneReport
  extends Pick<ReportInput, 'folder' | 'metrics' | 'evaluations' | 'problems'> {
  readonly manifest: FinetuneManifest;
  /** What it came to over the recipe's views; undefined where it has not ended. */
  readonly classification?: StoredClassification | undefined;
}

/** One self-contained page about a fine-tuned classifier: its scores, curves, problems and settings. */
export function finetunePage(report: FinetuneReport): string {
  const { settings, data, heads, weights } = report.manifest;
  const [from] = weights?.from ?? [];
  const told = heads.map(({ name, classes }) => `${classes.length} classes of ${name}`);
  const what =
    `fine-tuning by ${settings.finetuning?.recipe} of ${from === undefined ? 'an encoder from scratch' : from.folder}: ` +
    `${told.join(' and ')}; ${data.clips} clips to learn from; ${report.metrics.length} steps`;
  const { classification: ended } = report;
  if (ended === undefined) return taskPage(what, report);
  const { data: list, protocol, heads: results, combined } = ended;
  const details = html`<section><h2>Result</h2><p class="soft">On ${list}: ${protocol}</p></section>${combinedSection(combined)}${results.map(headSection)}`;
  return taskPage(what, report, details);
}
