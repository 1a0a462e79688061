import { join } from 'node:path';
import { rootFolder } from '../../data/index.js';
import { replaceFile } from '../../formats/whole-file.js';
import {
  dataRoot,
  placedSettings,
  readManifest,
  readNamedList,
  readTaskManifest,
  taskOf,
} from '../../run/index.js';
import { readProbeOutcome } from '../../training/index.js';
import { readClassification } from '../classification/stored-classification.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import type { ListFlags } from '../options/list-options.js';
import { collectReport, recordedOf, rootOf } from './collect-report.js';
import { comparePage } from './compare-page.js';
import { finetunePage } from './finetune-page.js';
import { reportPage } from './page.js';
import { probePage } from './probe-page.js';
import type { ReportInput } from './report-input.js';

/** Flags of `lacuna report`. */
export interface ReportFlags extends ListFlags {
  readonly output?: string;
  readonly list?: string;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly examples: number;
  readonly gallery?: number;
}

/** Writes the report of a run of any task, and returns its path. */
export async function writeReport(run: string, flags: ReportFlags): Promise<string> {
  const path = flags.output ?? join(run, 'report.html');
  const page = await pageOf(run, flags);
  await replaceFile(path, page);
  return path;
}

async function pageOf(folder: string, flags: ReportFlags): Promise<string> {
  switch (await taskOf(folder)) {
    case 'linear-probe': {
      const manifest = await readTaskManifest(folder, 'linear-probe');
      const outcome = await readProbeOutcome(folder);
      return probePage({ folder, manifest, outcome, ...(await recordedOf(folder)) });
    }
    case 'finetune': {
      const manifest = await readTaskManifest(folder, 'finetune');
      const classification = await readClassification(folder);
      return finetunePage({ folder, manifest, classification, ...(await recordedOf(folder)) });
    }
    default:
      // A folder without a manifest is refused there, with what is missing.
      return reportPage(await collectReport(folder, flags, new EvaluationDisplay(process.stderr)));
  }
}

/** Writes the page about several runs, on the clips of the first, and returns its path. */
export async function writeComparison(
  runs: readonly string[],
  flags: ReportFlags,
): Promise<string> {
  const path = flags.output ?? 'comparison.html';
  const display = new EvaluationDisplay(process.stderr);
  const [first = ''] = runs;
  const manifest = await readManifest(first);
  const settings = await placedSettings(first, manifest, rootOf(flags));
  if (flags.list === undefined) {
    await readNamedList(settings.data, manifest.data.digest, () => {}); // told of below
  }
  const clips =
    flags.list === undefined
      ? {
          ...settings.data,
          root: rootFolder(dataRoot(settings)),
          followLinks: settings.data.followLinks === true,
        }
      : {};
  const inputs: ReportInput[] = [];
  for (const run of runs) {
    inputs.push(await collectReport(run, { ...clips, ...flags, retrieval: false }, display));
  }
  await replaceFile(path, comparePage(inputs));
  return path;
}
