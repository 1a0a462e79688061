import type { AdapterReport } from './adapter-report.js';
import { ADAPTER_HEADS, adapterCells, adapterRows } from './adapter-table.js';

/** The page docs/adapters.md: a line for each report and precision, in the order of their text. */
export function adaptersMarkdown(reports: readonly AdapterReport[]): string {
  const lines = reports
    .flatMap(adapterRows)
    .map((row) => line(adapterCells(row).map(plain)))
    .sort();
  return `# Adapters

What the page Measure ([site.md](site.md)) found on the adapters whose reports lie in \`docs/adapters\`. Written by
\`npx tsx scripts/adapters.ts docs/adapters/*.json\`. A share is that of the step's products in the best product that
the same device was seen to reach; it is no share of what its maker promises.

${line(ADAPTER_HEADS)}
${line(ADAPTER_HEADS.map(() => '---'))}
${lines.join('\n')}
`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** What a stranger wrote, as text alone: no cell ends in it, and nothing in it is a link, HTML or a new line. */
function plain(text: string): string {
  return text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/[\\`*_{}[\]<>#!|~&:@]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
