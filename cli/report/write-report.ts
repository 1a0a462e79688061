import { join } from 'node:path';
import { rootFolder } from '../../data/index.js';
import { replaceFile } from '../../formats/whole-file.js';
import {
  dataRoot,
  type ProbeManifest,
  placedSettings,
  readManifest,
  readNamedList,
  readTaskManifest,
} from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { readProbeOutcome } from '../../training/index.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import { collectReport, recordedOf, rootOf } from './collect-report.js';
import { comparePage } from './compare-page.js';
import { reportPage } from './page.js';
import { probePage } from './probe-page.js';
import type { ReportInput } from './report-input.js';

/** Flags of `lacuna report`. */
export interface ReportFlags {
  readonly output?: string;
  readonly list?: string;
  readonly root?: string;
  readonly followLinks?: boolean;
  readonly examples: number;
  readonly gallery?: number;
}

/** Writes the report of a run, or of a probe, and returns its path. */
export async function writeReport(run: string, flags: ReportFlags): Promise<string> {
  const path = flags.output ?? join(run, 'report.html');
  const probe = await probeManifest(run);
  const page =
    probe === undefined
      ? reportPage(await collectReport(run, flags, new EvaluationDisplay(process.stderr)))
      : probePage({
          folder: run,
          manifest: probe,
          outcome: await readProbeOutcome(run),
          ...(await recordedOf(run)),
        });
  await replaceFile(path, page);
  return path;
}

/** The manifest of a folder that holds a probe; undefined for any other. */
async function probeManifest(folder: string): Promise<ProbeManifest | undefined> {
  try {
    return await readTaskManifest(folder, 'linear-probe');
  } catch (error) {
    if (error instanceof LacunaError) return undefined;
    throw error;
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
    await readNamedList(settings.data.list, manifest.data.digest, () => {}); // told of below
  }
  const clips =
    flags.list === undefined
      ? {
          list: settings.data.list,
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
