import { Command } from 'commander';
import { CONVENTIONS } from '../../spec/index.js';
import {
  type ConventionRow,
  conventionRows,
  conventionTable,
} from '../metrics/convention-table.js';
import { type PairFlags, readPairs } from '../metrics/read-pairs.js';
import { readScores, type ScoreFlags } from '../metrics/read-scores.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { wholeNumber } from '../whole-number.js';

interface MetricsFlags extends PairFlags, ScoreFlags {
  readonly dualSoftmax?: boolean;
  readonly json?: boolean;
}

export function metricsCommand(): Command {
  return new Command('metrics')
    .description(
      "Retrieval scores of a matrix that somebody else computed, by every public code's convention side by\n" +
        'side: R@1, R@5, R@10 (percent), the median and the mean rank, both directions. Codes disagree where\n' +
        'similarities are equal; the fair row is the expectation over all orders of equals. A NaN is refused.',
    )
    .argument('<scores>', 'similarities [texts, videos]: .npy, .safetensors, or .csv')
    .option('--pairs <file>', 'right pairs, "text,video" a line, from 0 (default: text i, video i)')
    .option(
      '--captions <n>',
      'each video has so many captions, together: rows n i to n i + n - 1 belong to column i',
      wholeNumber(1, 1e6),
    )
    .option('--transpose', 'rows are videos, columns are texts')
    .option('--tensor <name>', 'the tensor of a .safetensors file that holds several')
    .option('--dual-softmax', 'weigh by the dual softmax first: another protocol, and told as such')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna metrics sims.npy
  $ lacuna metrics sims.npy --captions 20
  $ lacuna metrics sims.csv --pairs pairs.csv --json
  $ python -c "import numpy; numpy.save('sims.npy', texts @ videos.T)"`,
    )
    .action(metrics);
}

async function metrics(path: string, flags: MetricsFlags): Promise<void> {
  const matrix = await readScores(path, flags);
  const { texts, videos } = matrix;
  const { pairs, how } = await readPairs(flags, texts, videos);
  const isDual = flags.dualSoftmax ?? false;
  const rows = conventionRows(matrix, pairs, isDual);
  const protocol = { scores: path, texts, videos, pairs: how, dualSoftmax: isDual };
  if (flags.json === true) {
    return printJson({ protocol, conventions: rows.map(told) });
  }
  const weighed = isDual ? 'DUAL SOFTMAX over all queries' : 'as they are, no dual softmax';
  console.log(`${path}: ${texts} texts, ${videos} videos; ${how}; ${weighed}\n`);
  console.log(conventionTable(rows));
}

function told(row: ConventionRow): object {
  const { title, rule } = CONVENTIONS[row.name];
  return {
    convention: row.name,
    title,
    rule,
    ...('reason' in row ? { notApplicable: row.reason } : row.result),
  };
}
