import { basename } from 'node:path';
import { Command } from 'commander';
import { readPlainFile } from '../../formats/index.js';
import { checkSweep, parseSweep, runSweep, type SweepEvent } from '../../training/index.js';
import { openAligner } from '../open-aligner.js';
import { openBackend } from '../open-backend.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { RunDisplay } from '../run-display.js';
import { percent } from '../share-text.js';
import { stopSignal } from '../stop-signal.js';
import { version } from '../version.js';

/** No sweep is larger. */
const MAX_BYTES = 2 ** 22;

export function sweepCommand(): Command {
  return new Command('sweep')
    .description(
      'Pretrains once for each row of a list of overrides and each seed, judges each by fine-tuning and\n' +
        'by a probe, and writes one table: mean and spread over seeds, and what a paper has beside.\n' +
        'Called again it goes on where it was. Ctrl-C ends it with a checkpoint. See docs/sweeps.md.',
    )
    .argument('<file>', 'the sweep: settings, rows and seeds as JSON')
    .option(
      '--output <folder>',
      'where its runs and the table go (default: sweeps/ and the name of the file)',
    )
    .option(
      '--dry-run',
      'say which runs there would be, hold their settings to what runs can have, and train nothing',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna sweep docs/sweeps/tgm-mask-ratio.json
  $ lacuna sweep my-sweep.json --output sweeps/second-try
  $ lacuna sweep my-sweep.json --dry-run

A file: {
  "title": "mask ratio",
  "pretrain": {"preset": "videomae-vits", "objective": "mae", "data": {"list": "train.jsonl"}},
  "finetune": {"recipe": "ssv2", "data": "train.jsonl", "test": "val.jsonl", "epochs": 10},
  "probe": {"head": "linear", "data": "train.jsonl", "test": "val.jsonl"},
  "seeds": [0, 1, 2],
  "rows": [{"name": "from scratch", "scratch": true},
           {"name": "tube 0.9", "set": {"mask.kind": "tube", "mask.ratio": 0.9}, "paper": {"finetune": 64.9, "probe": 20.8}}]
}`,
    )
    .action(sweep);
}

interface SweepFlags {
  readonly output?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

async function sweep(file: string, flags: SweepFlags): Promise<void> {
  const parsed = parseSweep((await readPlainFile(file, MAX_BYTES)).toString('utf8'), file);
  const { rows, seeds } = parsed;
  const { output = `sweeps/${basename(file).replace(/\.json$/, '')}` } = flags;
  if (flags.dryRun === true) {
    await checkSweep(parsed, output);
    const runs = seeds.flatMap((seed) =>
      rows.map(({ name, set = {}, scratch = false }) => ({ seed, row: name, scratch, set })),
    );
    if (flags.json === true) return printJson({ output, runs });
    for (const { seed, row, scratch, set } of runs)
      console.log(`seed ${seed}: ${row}${scratch ? ' (from scratch)' : ''} ${JSON.stringify(set)}`);
    console.log(
      `${rows.length} rows x ${seeds.length} seeds: ${rows.length * seeds.length} runs in ${output}.`,
    );
    return;
  }
  const { signal, arm } = stopSignal();
  const display = new RunDisplay(process.stderr, arm);
  const result = await runSweep(parsed, output, {
    version: version(),
    openBackend,
    openTeacher: (folder) => openAligner(folder),
    onEvent: display.show,
    onCell: told,
    signal,
  });
  const { finished, table } = result;
  if (flags.json === true) return printJson({ output, finished, rows: result.rows });
  console.log(`\n${table}`);
  if (finished) console.log(`The table is in ${output}/table.md and table.json.`);
  else console.log(`Stopped. The same command goes on: lacuna sweep ${file} --output ${output}`);
}

/** Progress, on the error output. */
function told(event: SweepEvent): void {
  const { row, seed } = event.cell;
  if (event.kind === 'cell') {
    console.error(`\n${event.done + 1} of ${event.total}: ${row.name}, seed ${seed}`);
    return;
  }
  const { finetune, probe } = event.scores;
  const parts = [
    ...(finetune === undefined ? [] : [`fine-tuned ${percent(finetune)}`]),
    ...(probe === undefined ? [] : [`probed ${percent(probe)}`]),
  ];
  console.error(
    `${row.name}, seed ${seed}: ${parts.join(', ')}${event.known ? ' (done before)' : ''}`,
  );
}
