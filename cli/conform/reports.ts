import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  annotations,
  badgeEndpoint,
  badgeSvg,
  type CaseOutputs,
  type ConformanceReport,
  junit,
  markdown,
  sarif,
  writeReport,
} from '../../conformance/index.js';
import { replaceFile } from '../../formats/index.js';
import { visibleText } from '../visible-text.js';
import { conformancePage } from './page.js';

/** Findings are shown beside this file where the command line names no other. */
const FILE = 'README.md';

/** Writes a report in every form that there is, each a file; a sentence that names them. */
export async function writeReports(
  folder: string,
  report: ConformanceReport,
  outputs: readonly CaseOutputs[],
  file: string = FILE,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const forms: Readonly<Record<string, string>> = {
    'report.json': writeReport({ ...report, outputs }),
    'junit.xml': visibleText(junit(report)),
    'results.sarif': sarif(report, file),
    'summary.md': visibleText(markdown(report)),
    'conformance.html': conformancePage([report]),
    'annotations.txt': visibleText(annotations(report)),
    'badge.json': badgeEndpoint(report),
    'badge.svg': badgeSvg(report),
  };
  for (const [name, text] of Object.entries(forms)) await replaceFile(join(folder, name), text);
  return `The reports are in ${folder}: ${Object.keys(forms).join(', ')}`;
}
