type Cell = string | number;

/** The lines of a table in Markdown. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
): readonly string[] {
  const line = (cells: readonly Cell[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
