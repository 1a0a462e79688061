import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { dataRoot, readManifest } from '../../run/index.js';
import { collectReport } from '../report/collect-report.js';
import { comparePage } from '../report/compare-page.js';
import { reportPage } from '../report/page.js';
import type { ReportInput } from '../report/report-input.js';

interface ReportFlags {
  readonly output?: string;
  readonly list?: string;
  readonly root?: string;
  readonly examples: number;
}

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
    .option('--root <folder>', "folder that the list's paths start from")
    .option('--examples <n>', 'clips to reconstruct', wholeNumber, 4)
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

/** Writes the report of a run and returns its path. */
export async function writeReport(run: string, flags: ReportFlags): Promise<string> {
  const path = flags.output ?? join(run, 'report.html');
  const input = await collectReport(run, { ...flags, onNote: (text) => console.error(text) });
  await writeFile(path, reportPage(input));
  return path;
}

/** Writes the page about several runs, on the clips of the first, and returns its path. */
async function writeComparison(runs: readonly string[], flags: ReportFlags): Promise<string> {
  const path = flags.output ?? 'comparison.html';
  const onNote = (text: string): void => console.error(text);
  const { settings } = await readManifest(runs[0] ?? '');
  const clips =
    flags.list === undefined ? { list: settings.data.list, root: dataRoot(settings) } : {};
  const inputs: ReportInput[] = [];
  for (const run of runs) {
    inputs.push(await collectReport(run, { ...clips, ...flags, retrieval: false, onNote }));
  }
  await writeFile(path, comparePage(inputs));
  return path;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 64) {
    throw new InvalidArgumentError('it must be a whole number from 1 to 64.');
  }
  return value;
}
