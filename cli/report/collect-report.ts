import { dirname } from 'node:path';
import { type ClipList, type ClipRecord, readClipList } from '../../data/index.js';
import {
  attentionMaps,
  evaluate,
  lackingFor,
  reconstruction,
  retrieval,
} from '../../evaluation/index.js';
import {
  besides,
  capabilitiesOf,
  dataRoot,
  type GivenPaths,
  type LoadedModel,
  loadModel,
  placedPath,
  placedSettings,
  type RunManifest,
  type RunSettings,
  readEvaluations,
  readManifest,
  readMetrics,
  readNamedList,
  readProblems,
  requireTeacherOf,
  type TrainedModel,
} from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import type { Aligner } from '../../teacher/index.js';
import { openAligner } from '../open-aligner.js';
import { openBackend } from '../open-backend.js';
import type { Example, ReportInput } from './report-input.js';
import { type RunEvaluation, readRunEvaluation } from './run-evaluation.js';

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
  const settings = await placedSettings(folder, manifest, rootOf(options));
  const evaluation = await placedEvaluation(folder, manifest);
  const gallery = await galleryOf(folder, manifest, settings, evaluation, options);
  const records = gallery.list.records.slice(0, GALLERY);
  const { root, wasTrainedOn: galleryWasTrainedOn } = gallery;
  const { onNote } = options;
  const model = await loadModel(folder, openBackend, onNote, rootOf(options));
  const teacher = options.retrieval === false ? undefined : await teacherOf(model, onNote);
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
      metrics: await readMetrics(folder, onNote),
      evaluations: await readEvaluations(folder, onNote),
      problems: await readProblems(folder, onNote),
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
  { settings, manifest }: LoadedModel,
  onNote: (text: string) => void,
): Promise<Aligner | undefined> {
  const { teacher } = settings.contrastive;
  if (!capabilitiesOf(settings).aligns || teacher === undefined) return undefined;
  try {
    const aligner = await openAligner(teacher, { onNote });
    try {
      requireTeacherOf(manifest, aligner);
      return aligner;
    } catch (error) {
      await aligner.dispose();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    onNote(`Retrieval is left out, because its teacher cannot be opened. ${error.message}`);
    return undefined;
  }
}

/** What the run reached, with the path of its list from here. */
async function placedEvaluation(
  folder: string,
  manifest: RunManifest,
): Promise<RunEvaluation | undefined> {
  const evaluation = await readRunEvaluation(folder);
  if (evaluation === undefined) return undefined;
  return { ...evaluation, list: await placedPath(folder, manifest, evaluation.list) };
}

interface Gallery {
  readonly list: ClipList;
  readonly root: string;
  readonly wasTrainedOn: boolean;
}

/**
 * The clips to look at: those of the list that a person names, or else of the run's evaluation, or
 * else of its own list. What the run's files name is used where the manifest vouches for it.
 */
async function galleryOf(
  folder: string,
  { data }: RunManifest,
  settings: RunSettings,
  evaluation: RunEvaluation | undefined,
  { list, root, onNote }: ReportOptions,
): Promise<Gallery> {
  if (list !== undefined) {
    const wasTrainedOn = list === settings.data.list;
    return { list: await readClipList(list), root: root ?? dirname(list), wasTrainedOn };
  }
  const own = await readNamedList(settings.data.list, data.digest).catch((error: unknown) => {
    if (!(error instanceof LacunaError)) throw error;
    const { fix: _, ...facts } = error.facts;
    throw new LacunaError({ ...facts, fix: 'Name the clips to look at with --list and --root.' });
  });
  const named = evaluation?.list;
  if (named !== undefined && named !== settings.data.list) {
    if (besides(folder, named, settings.data.list, settings.data.root)) {
      const held = await readClipList(named);
      return { list: held, root: root ?? dirname(named), wasTrainedOn: false };
    }
    onNote(
      `${named} is not read, since it lies outside of the run and its data: name it with --list if it is yours.`,
    );
  }
  return { list: own, root: root ?? dataRoot(settings), wasTrainedOn: true };
}

/** The run's own data folder, where a person names one for the run's own list. */
export function rootOf({ list, root }: Pick<ReportOptions, 'list' | 'root'>): GivenPaths {
  return list === undefined && root !== undefined ? { root } : {};
}

/** `count` records spread over the list. */
function chosen(records: readonly ClipRecord[], count: number): readonly ClipRecord[] {
  const step = Math.max(1, Math.floor(records.length / count));
  return records.filter((_, index) => index % step === 0).slice(0, count);
}
