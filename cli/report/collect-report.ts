import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ClipRecord, createTokenizer, readClipList, readTokenizer } from '../../data/index.js';
import { LacunaError } from '../../spec/index.js';
import {
  CheckpointReader,
  dataRoot,
  evaluateRetrieval,
  lastGoodCheckpoint,
  modelState,
  readManifest,
  readMetrics,
  readProblems,
  reconstruct,
  type TrainedModel,
} from '../../training/index.js';
import { openBackend } from '../open-backend.js';
import type { ReportInput, RunEvaluation } from './report-input.js';

export const EVALUATION = 'evaluation.json';
const GALLERY = 64;

export interface ReportOptions {
  /** A list of held-out clips; by default that of the run's evaluation, or else clips of its own list. */
  readonly list?: string;
  readonly root?: string;
  /** Clips to reconstruct. */
  readonly examples: number;
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
  const model = await loadModel(folder, options.onNote);
  try {
    const aligned =
      settings.objective !== 'mae' && records.some(({ captions }) => captions.length > 0);
    const spread = chosen(records, options.examples);
    return {
      folder,
      manifest,
      metrics: await readMetrics(folder),
      problems: await readProblems(folder),
      galleryWasTrainedOn,
      ...(evaluation === undefined ? {} : { evaluation }),
      ...(aligned ? { retrieval: await evaluateRetrieval(model, records, root) } : {}),
      reconstructions:
        settings.objective === 'contrastive' ? [] : await reconstruct(model, spread, root),
    };
  } finally {
    await model.backend.dispose();
  }
}

/** The model of a run's last good checkpoint, on the run's backend. */
async function loadModel(folder: string, onNote: (text: string) => void): Promise<TrainedModel> {
  const { settings, vocabulary } = await readManifest(folder);
  const checkpoint = await lastGoodCheckpoint(join(folder, 'checkpoints'), onNote);
  if (checkpoint === undefined) {
    throw new LacunaError({
      where: folder,
      what: 'this run has no good checkpoint yet, so there is no model to look at',
      fix: `Let it train longer: lacuna pretrain --resume ${folder}`,
    });
  }
  const tokenizer =
    vocabulary === 0
      ? undefined
      : createTokenizer(await readTokenizer(join(folder, 'tokenizer.json')));
  const reader = await CheckpointReader.open(checkpoint);
  try {
    const state = await reader.readAll(modelState(settings, vocabulary));
    return { settings, backend: await openBackend(settings), state, tokenizer };
  } finally {
    await reader.close();
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
