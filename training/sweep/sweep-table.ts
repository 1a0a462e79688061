import type { CellScores } from './sweep-cell.js';
import type { Sweep } from './sweep-file.js';

/** A row of the table: its scores by seed, in the order of the seeds; those that are not there yet are left out. */
export interface SweptRow {
  readonly name: string;
  readonly paper?: CellScores;
  readonly cells: readonly { readonly seed: number; readonly scores: CellScores }[];
}

/** Mean and standard deviation (n - 1) of numbers; undefined of none, without a deviation of one. */
export function meanAndDeviation(
  numbers: readonly number[],
): { readonly mean: number; readonly deviation?: number } | undefined {
  if (numbers.length === 0) return undefined;
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  if (numbers.length === 1) return { mean };
  const squares = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (numbers.length - 1)) };
}

const COLUMNS = [
  ['finetune', 'fine-tuned'],
  ['probe', 'probed'],
] as const;

/**
 * The table of a sweep in Markdown: top-1 in per cent, mean and standard deviation over seeds; what each row has above the first, seed
 * by seed; and the paper's numbers beside where the file gives some.
 */
export function sweepTable(sweep: Sweep, rows: readonly SweptRow[]): string {
  const shown = COLUMNS.filter(([key]) => sweep[key] !== undefined);
  const printed = shown.filter(([key]) =>
    sweep.rows.some(({ paper }) => paper?.[key] !== undefined),
  );
  const [first] = rows;
  const head = [
    '',
    ...shown.map(([, title]) => title),
    ...shown.map(([, title]) => `${title}, above "${first?.name ?? ''}"`),
    ...printed.map(([, title]) => `paper, ${title}`),
  ];
  const body = rows.map((row) => [
    row.name,
    ...shown.map(([key]) => spread(row.cells.flatMap(({ scores }) => scores[key] ?? []))),
    ...shown.map(([key]) => (row === first ? '' : spread(gains(row, first, key), true))),
    ...printed.map(([key]) => row.paper?.[key]?.toFixed(1) ?? ''),
  ]);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')).join(' | ')} |`;
  const counts = rows.map(({ cells }) => cells.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const many = least === most ? `${most}` : `${least} to ${most}`;
  return [
    `${sweep.title}: top-1 in per cent, mean and standard deviation over ${many} of ${sweep.seeds.length} seeds${sweep.paper === undefined ? '' : `; paper: ${sweep.paper}`}`,
    '',
    line(head),
    `|${head.map(() => '---').join('|')}|`,
    ...body.map(line),
    '',
  ].join('\n');
}

/** What a row has more than another, of the seeds that both have. */
function gains(row: SweptRow, base: SweptRow | undefined, key: keyof CellScores): number[] {
  return row.cells.flatMap(({ seed, scores }) => {
    const other = base?.cells.find((cell) => cell.seed === seed)?.scores[key];
    const own = scores[key];
    return own === undefined || other === undefined ? [] : [own - other];
  });
}

function spread(shares: readonly number[], isSigned: boolean = false): string {
  const found = meanAndDeviation(shares.map((share) => 100 * share));
  if (found === undefined) return '-';
  const { mean, deviation } = found;
  const sign = isSigned && mean >= 0 ? '+' : '';
  return `${sign}${mean.toFixed(1)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(1)}`}`;
}
