import {
  CONVENTION_NAMES,
  CONVENTIONS,
  type ConventionName,
  type ConventionResult,
  type ConventionScores,
  dualSoftmax,
  type RightPairs,
  type SimilarityRows,
} from '../../spec/index.js';

/** What a convention makes of a matrix, or why it makes nothing of it. */
export type ConventionRow =
  | { readonly name: ConventionName; readonly result: ConventionResult }
  | { readonly name: ConventionName; readonly reason: string };

/** Every convention's numbers for one matrix, the fair ones first. */
export function conventionRows(
  matrix: SimilarityRows,
  pairs: RightPairs,
  isDual: boolean,
): readonly ConventionRow[] {
  const matrices = isDual ? dualSoftmax(matrix) : { textToVideo: matrix, videoToText: matrix };
  return CONVENTION_NAMES.map((name) => {
    const { refuses, scores } = CONVENTIONS[name];
    const reason = refuses(pairs);
    if (reason !== undefined) return { name, reason };
    const result = scores(matrices.textToVideo, pairs);
    if (!isDual) return { name, result };
    const { videoToText } = scores(matrices.videoToText, pairs);
    return { name, result: { ...result, videoToText } };
  });
}

const HEAD = ['R@1', 'R@5', 'R@10', 'MedR', 'MnR'] as const;

/** The rows as a table of text, with the rule of each below it: they are of different protocols. */
export function conventionTable(rows: readonly ConventionRow[]): string {
  const lines: string[] = [];
  for (const [direction, way] of DIRECTIONS) {
    lines.push('', tableLine(direction, HEAD));
    for (const row of rows) {
      const { title } = CONVENTIONS[row.name];
      lines.push(
        'reason' in row ? `  ${title.padEnd(18)} -` : tableLine(title, cells(row.result[way])),
      );
    }
  }
  lines.push('', 'Each row is of another protocol:');
  for (const row of rows) {
    const { title, rule } = CONVENTIONS[row.name];
    lines.push(`  ${title}: ${'reason' in row ? `not applicable: ${row.reason}` : rule}`);
  }
  return lines.slice(1).join('\n');
}

export const DIRECTIONS: readonly (readonly [title: string, way: keyof ConventionResult])[] = [
  ['text to video', 'textToVideo'],
  ['video to text', 'videoToText'],
];

/** Recalls to two digits of a percent, ranks to two digits; `-` for what a code does not compute. */
export function cells(scores: ConventionScores): readonly string[] {
  const { recallAt1, recallAt5, recallAt10, medianRank, meanRank } = scores;
  return [recallAt1, recallAt5, recallAt10, medianRank, meanRank].map((value) =>
    value === undefined ? '-' : value.toFixed(2),
  );
}

export function tableLine(name: string, values: readonly string[]): string {
  return `  ${name.padEnd(18)} ${values.map((value) => value.padStart(8)).join(' ')}`;
}
