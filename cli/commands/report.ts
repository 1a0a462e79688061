import { Command } from 'commander';
import { rootOption } from '../options/shared-options.js';
import { type ReportFlags, writeComparison, writeReport } from '../report/write-report.js';
import { wholeNumber } from '../whole-number.js';

export function reportCommand(): Command {
  return new Command('report')
    .description(
      'Writes one self-contained HTML page about a run: curves, pictures, problems, manifest.\n' +
        'Several runs stand side by side: their losses, masks, reconstructions and attention.',
    )
    .argument('<runs...>', 'the run folder, or several')
    .option(
      '--output <file>',
      'where to write the page (default: report.html in the run folder; comparison.html here for several)',
    )
    .option(
      '--list <file>',
      'held-out clips for the text-video matrix (default: those of the evaluation)',
    )
    .addOption(rootOption())
    .option('--examples <n>', 'clips to reconstruct', wholeNumber(1, 64), 4)
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna report runs/my-run
  $ lacuna report runs/my-run --list test.jsonl --root videos --output page.html
  $ lacuna report runs/tube runs/motion runs/text`,
    )
    .action(async (runs: readonly string[], flags: ReportFlags) => {
      const [run = ''] = runs;
      const path =
        runs.length > 1 ? await writeComparison(runs, flags) : await writeReport(run, flags);
      console.log(`The report is in ${path}`);
    });
}
