import { cells, DIRECTIONS, tableLine } from '../metrics/convention-table.js';
import { type MarkedResult, modelText } from './retrieval-result.js';

/** What marks a result of another protocol than the first one's. */
export const MARK = '≠';

const HEAD = ['R@1', 'R@5', 'R@10', 'MedR', 'MnR', 'chance'] as const;

/** Results as a table of text, each with its protocol; one of another protocol than the first is marked. */
export function retrievalTable(results: readonly MarkedResult[]): string {
  const lines: string[] = [];
  for (const [direction, way] of DIRECTIONS) {
    lines.push(tableLine(direction, HEAD));
    for (const [index, result] of results.entries()) {
      const mark = result.differences.length === 0 ? '' : `${MARK} `;
      const values = [...cells(result[way]), result.chance[way].toFixed(2)];
      lines.push(tableLine(`${mark}[${index + 1}]`, values));
    }
    lines.push('');
  }
  for (const [index, { model, protocolText, differences, leftOut }] of results.entries()) {
    lines.push(`[${index + 1}] ${modelText(model)}`);
    lines.push(`    ${protocolText}`);
    if (leftOut.length > 0) lines.push(`    ${leftOut.length} clips left out`);
    if (differences.length > 0)
      lines.push(`    ${MARK} not to be compared with [1]: ${differences.join('; ')}`);
  }
  return lines.join('\n');
}
