import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ClipRecord, readClipList } from '../../data/index.js';
import {
  attentionMaps,
  evaluate,
  lackingFor,
  reconstruction,
  retrieval,
} from '../../evaluation/index.js';
import {
  capabilitiesOf,
  dataRoot,
  loadModel,
  type RunSettings,
  readEvaluations,
  readManifest,
  readMetrics,
  readProblems,
  type TrainedModel,
} from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import type { Aligner } from '../../teacher/index.js';
import { openAligner } from '../open-aligner.js';
import { openBackend } from '../open-backend.js';
import type { Example, ReportInput, RunEvaluation } from './report-input.js';

export const EVALUATION = 'evaluation.json';
const GALLERY = 64;

export interface ReportOptions {
  /** A list of held-out clips; by default that of the run's evaluation, or else clips of its own list. */
  readonly list?: string;
  readonly root?: string;
  /** Clips to reconstruct. */
  readonly examples: number;
  /** Whether captions are retrieved. @defaultValue true */
  readonly retrieval?: boolean;
  readonly onNote: (text: string) => void;
}

/** Gathers what a report shows: the folder's files, and pictures made from the last checkpoint. */
export async function collectReport(folder: string, options: ReportOptions): Promise<ReportInput> {
  const manifest = await readManifest(folder);
  const evaluation = await readEvaluation(folder);
  const { settings } = manifest;
  const list = options.list ?? evaluation?.list;
  const galleryWasTrainedOn = list === undefined || list === settings.data.list;
  const records = (await readClipList(list ?? settings.data.list)).records.slice(0, GALLERY);
  const root = options.root ?? (list === undefined ? dataRoot(settings) : dirname(list));
  const model = await loadModel(folder, openBackend, options.onNote);
  const teacher =
    options.retrieval === false ? undefined : await teacherOf(settings, options.onNote);
  try {
    const aligned =
      options.retrieval !== false &&
      lackingFor(retrieval, settings).length === 0 &&
      (settings.contrastive.teacher === undefined || teacher !== undefined) &&
      records.some(({ captions }) => captions.length > 0);
    const whole = teacher === undefined ? model : { ...model, teacher };
    const spread = chosen(records, options.examples);
    return {
      folder,
      manifest,
      metrics: await readMetrics(folder),
      evaluations: await readEvaluations(folder),
      problems: await readProblems(folder),
      galleryWasTrainedOn,
      ...(evaluation === undefined ? {} : { evaluation }),
      ...(aligned ? { retrieval: await evaluate(retrieval, whole, records, root) } : {}),
      reconstructions:
        lackingFor(reconstruction, settings).length === 0
          ? await examplesOf(model, spread, root)
          : [],
    };
  } finally {
    await teacher?.dispose();
    await model.backend.dispose();
  }
}

async function examplesOf(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: string,
): Promise<readonly Example[]> {
  const examples = await evaluate(reconstruction, model, records, root);
  const maps = await attentionMaps(
    model,
    examples.map(({ frames }) => frames),
  );
  return examples.map((example, index) => {
    const attention = maps[index];
    return attention === undefined ? example : { ...example, attention };
  });
}

/** The frozen teacher of a run; one that is gone costs the retrieval, not the report. */
async function teacherOf(
  settings: RunSettings,
  onNote: (text: string) => void,
): Promise<Aligner | undefined> {
  const { teacher } = settings.contrastive;
  if (!capabilitiesOf(settings).aligns || teacher === undefined) return undefined;
  try {
    return await openAligner(teacher, { onNote });
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    onNote(`Retrieval is left out, because its teacher cannot be opened. ${error.message}`);
    return undefined;
  }
}

async function readEvaluation(folder: string): Promise<RunEvaluation | undefined> {
  const text = await readFile(join(folder, EVALUATION), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as RunEvaluation;
  } catch (cause) {
    throw new LacunaError(
      {
        where: join(folder, EVALUATION),
        what: 'this file is damaged',
        fix: 'Remove it: the report then leaves the evaluation out.',
      },
      { cause },
    );
  }
}

/** `count` records spread over the list. */
function chosen(records: readonly ClipRecord[], count: number): readonly ClipRecord[] {
  const step = Math.max(1, Math.floor(records.length / count));
  return records.filter((_, index) => index % step === 0).slice(0, count);
}
