import { Command } from 'commander';
import { listFile } from '../../data/index.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { partsOption, splitOption, videoOption } from '../options/list-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { type ReportFlags, writeComparison, writeReport } from '../report/write-report.js';
import { wholeNumber } from '../whole-number.js';

export function reportCommand(): Command {
  return new Command('report')
    .description(
      'Writes one self-contained HTML page about a run: curves, pictures, problems, manifest.\n' +
        'Several runs stand side by side: their losses, masks, reconstructions and attention.',
    )
    .argument(
      '<runs...>',
      'the folder of a run, of a probe or of fine-tuning, or several of pretraining runs',
    )
    .option(
      '--output <file>',
      'where to write the page (default: report.html in the run folder; comparison.html here for several)',
    )
    .option(
      '--list <file>',
      'held-out clips for the text-video matrix (default: those of the evaluation)',
      listFile,
    )
    .addOption(rootOption())
    .addOption(followLinksOption())
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .option(
      '--gallery <n>',
      'clips of the text-video matrix (default: 4 to 64, by what a clip costs)',
      wholeNumber(1, 1000),
    )
    .option('--examples <n>', 'clips to reconstruct', wholeNumber(1, 64), 4)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna report runs/my-run
  $ lacuna report runs/my-run --list test.jsonl --root videos --output page.html
  $ lacuna report runs/tube runs/motion runs/text`,
    )
    .action(async (runs: readonly string[], flags: ReportFlags & { readonly json?: boolean }) => {
      const [run = ''] = runs;
      const path =
        runs.length > 1 ? await writeComparison(runs, flags) : await writeReport(run, flags);
      if (flags.json === true) printJson({ runs, page: path });
      else console.log(`The report is in ${path}`);
    });
}
