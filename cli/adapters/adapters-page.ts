import {
  type AdapterReport,
  MAX_ADAPTER_REPORT,
  readAdapterReport,
} from '../../core/measure/adapter-report.js';
import { ADAPTER_HEADS, adapterCells, adapterRows } from '../../core/measure/adapter-table.js';
import { html } from '../../formats/html/html.js';
import { STYLE } from '../../formats/html/style.js';
import { readPlainFile, replaceFile } from '../../formats/index.js';
import { htmlPage } from '../report/html-page.js';

/**
 * Writes one page of the reports of several adapters, whole or not at all.
 * @throws LacunaError where a file is no report, or too long for one.
 */
export async function writeAdaptersPage(
  files: readonly string[],
  out: string,
): Promise<{ readonly result: object; readonly text: string }> {
  const reports: AdapterReport[] = [];
  for (const file of files) {
    const bytes = await readPlainFile(file, MAX_ADAPTER_REPORT);
    reports.push(readAdapterReport(bytes.toString('utf8'), file));
  }
  const rows = reports.flatMap(adapterRows);
  await replaceFile(out, adaptersPage(reports));
  const lines = rows.map((row) => adapterCells(row).join(' | '));
  return {
    result: { page: out, adapters: rows },
    text: [...lines, `The page of ${reports.length} reports is in ${out}`].join('\n'),
  };
}

/** One self-contained page: a line for each report and precision. */
export function adaptersPage(reports: readonly AdapterReport[]): string {
  const lines = reports.flatMap(adapterRows).map((row) => {
    const cells = adapterCells(row).map((cell) => html`<td>${cell}</td>`);
    return html`<tr>${cells}</tr>`;
  });
  const body = html`<h1>Adapters</h1>
<p class="soft">A share is that of a step's products in the best product that the same device was seen to reach.</p>
<div class="scroll"><table><thead><tr>${ADAPTER_HEADS.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${lines}</tbody></table></div>`;
  return htmlPage('Lacuna adapters', STYLE, body);
}
