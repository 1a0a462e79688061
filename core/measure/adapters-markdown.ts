import type { AdapterReport } from './adapter-report.js';
import { ADAPTER_HEADS, type AdapterRow, adapterCells, adapterRows } from './adapter-table.js';

/** The page docs/adapters.md: a line for each report and precision, in the order of their text. */
export function adaptersMarkdown(reports: readonly AdapterReport[]): string {
  const lines = reports
    .flatMap(adapterRows)
    .map((row) => line(cellsOf(row)))
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

/** The names of adapter and browser are the report's own words; the other cells are made here, of numbers. */
function cellsOf(row: AdapterRow): readonly string[] {
  const [adapter = '', browser = '', ...rest] = adapterCells(row);
  return [code(adapter), code(browser), ...rest];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/**
 * What a stranger wrote, as code: no cell ends in it, and nothing in it is HTML or a new line. GitHub makes links of words
 * with `www.` and of addresses, however they are escaped, but not in code.
 */
function code(text: string): string {
  const plain = text
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/[`|\\]/g, "'")
    .trim();
  return plain === '' ? '' : `\`${plain}\``;
}
