import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { collectReport } from '../report/collect-report.js';
import { reportPage } from '../report/page.js';

interface ReportFlags {
  readonly output?: string;
  readonly list?: string;
  readonly root?: string;
  readonly examples: number;
}

export function reportCommand(): Command {
  return new Command('report')
    .description(
      'Writes one self-contained HTML page about a run: curves, pictures, problems, manifest.',
    )
    .argument('<run>', 'the run folder')
    .option('--output <file>', 'where to write the page (default: report.html in the run folder)')
    .option(
      '--list <file>',
      'held-out clips for the text-video matrix (default: those of the evaluation)',
    )
    .option('--root <folder>', "folder that the list's paths start from")
    .option('--examples <n>', 'clips to reconstruct', wholeNumber, 4)
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna report runs/my-run
  $ lacuna report runs/my-run --list test.jsonl --root videos --output page.html`,
    )
    .action(async (run: string, flags: ReportFlags) => {
      console.log(`The report is in ${await writeReport(run, flags)}`);
    });
}

/** Writes the report of a run and returns its path. */
export async function writeReport(run: string, flags: ReportFlags): Promise<string> {
  const path = flags.output ?? join(run, 'report.html');
  const input = await collectReport(run, { ...flags, onNote: (text) => console.error(text) });
  await writeFile(path, reportPage(input));
  return path;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) {
    throw new InvalidArgumentError('it must be a whole number from 1 to 64.');
  }
  return value;
}
