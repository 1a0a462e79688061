import { join } from 'node:path';
import { replaceFile } from '../../formats/whole-file.js';
import { dataRoot, placedSettings, readManifest, readNamedList } from '../../run/index.js';
import { collectReport, rootOf } from './collect-report.js';
import { comparePage } from './compare-page.js';
import { reportPage } from './page.js';
import type { ReportInput } from './report-input.js';

/** Flags of `lacuna report`. */
export interface ReportFlags {
  readonly output?: string;
  readonly list?: string;
  readonly root?: string;
  readonly examples: number;
}

/** Writes the report of a run and returns its path. */
export async function writeReport(run: string, flags: ReportFlags): Promise<string> {
  const path = flags.output ?? join(run, 'report.html');
  const input = await collectReport(run, { ...flags, onNote: (text) => console.error(text) });
  await replaceFile(path, reportPage(input));
  return path;
}

/** Writes the page about several runs, on the clips of the first, and returns its path. */
export async function writeComparison(
  runs: readonly string[],
  flags: ReportFlags,
): Promise<string> {
  const path = flags.output ?? 'comparison.html';
  const onNote = (text: string): void => console.error(text);
  const [first = ''] = runs;
  const manifest = await readManifest(first);
  const settings = await placedSettings(first, manifest, rootOf(flags));
  if (flags.list === undefined) await readNamedList(settings.data.list, manifest.data.digest);
  const clips =
    flags.list === undefined ? { list: settings.data.list, root: dataRoot(settings) } : {};
  const inputs: ReportInput[] = [];
  for (const run of runs) {
    inputs.push(await collectReport(run, { ...clips, ...flags, retrieval: false, onNote }));
  }
  await replaceFile(path, comparePage(inputs));
  return path;
}
