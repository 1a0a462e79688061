import { dirname } from 'node:path';
import type { Backend } from '../../core/index.js';
import {
  askedOf,
  type ClipList,
  type ClipRecord,
  type DataRoot,
  dataRootOf,
  readClipList,
} from '../../data/index.js';
import {
  attentionMaps,
  clipFlops,
  type Evaluator,
  type Example,
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
  newestStage,
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
import type { EvaluationDisplay } from '../evaluation-display.js';
import { note } from '../note.js';
import { openAligner } from '../open-aligner.js';
import { openBackend } from '../open-backend.js';
import type { ListFlags } from '../options/list-options.js';
import type { ReportInput } from './report-input.js';
import { type RunEvaluation, readRunEvaluation } from './run-evaluation.js';

/** Clips of the text-video matrix: as many as these products embed, between the two bounds. */
const GALLERY = { flops: 5e11, least: 4, most: 64 };

export interface ReportOptions extends ListFlags {
  /** A list of held-out clips; by default that of the run's evaluation, or else clips of its own list. */
  readonly list?: string;
  readonly root?: string;
  /** Whether links in it may lead out of it. @defaultValue as the run has it, for its own clips */
  readonly followLinks?: boolean;
  /** Clips to reconstruct. */
  readonly examples: number;
  /** Clips of the text-video matrix. @defaultValue 4 to 64, by what a clip costs */
  readonly gallery?: number;
  /** Whether captions are retrieved. @defaultValue true */
  readonly retrieval?: boolean;
}

/** Gathers what a report shows: the folder's files, and pictures made from the last checkpoint. */
export async function collectReport(
  folder: string,
  options: ReportOptions,
  display: EvaluationDisplay,
): Promise<ReportInput> {
  const { manifest, evaluation, source } = await openRun(folder, options);
  const { list, root, wasTrainedOn: galleryWasTrainedOn } = source;
  const { records } = list;
  display.begins('the model is read');
  const model = await loadModel(folder, openBackend, note, rootOf(options));
  const teacher = options.retrieval === false ? undefined : await teacherOf(model);
  try {
    const whole = teacher === undefined ? model : { ...model, teacher };
    const gallery = galleryOf(whole, records, options);
    return {
      folder,
      manifest,
      ...(await recordedOf(folder)),
      galleryWasTrainedOn,
      ...(evaluation === undefined ? {} : { evaluation }),
      ...(gallery.length === 0
        ? {}
        : { retrieval: await watched(retrieval, whole, gallery, root, display) }),
      reconstructions: await examplesOf(model, records, root, options, display),
    };
  } finally {
    display.ends();
    await teacher?.dispose();
    await model.backend.dispose();
  }
}

/** What is looked at of a run, before its model is read. */
async function openRun(
  folder: string,
  options: ReportOptions,
): Promise<{
  readonly manifest: RunManifest;
  readonly evaluation: RunEvaluation | undefined;
  readonly source: Source;
}> {
  const written = await readManifest(folder);
  const manifest =
    written.stages === undefined
      ? written
      : (await newestStage(folder, written, () => {})).manifest; // told of when the model is read
  const settings = await placedSettings(folder, manifest, rootOf(options));
  const evaluation = await placedEvaluation(folder, manifest);
  return {
    manifest,
    evaluation,
    source: await sourceOf(folder, manifest, settings, evaluation, options),
  };
}

/**
 * The masked and reconstructed clips of a run that reconstructs, by the model of its last checkpoint: those of
 * its report.
 *
 * @param open Opens the backend that computes them.
 */
export async function collectExamples(
  folder: string,
  options: Pick<ReportOptions, 'examples'>,
  open: (settings: RunSettings) => Promise<Backend>,
  display: EvaluationDisplay,
): Promise<{
  readonly manifest: RunManifest;
  /** Of the checkpoint that made them. */
  readonly step: number;
  readonly examples: readonly Example[];
}> {
  const { list, root } = (await openRun(folder, options)).source;
  const model = await loadModel(folder, open, note);
  try {
    const { manifest, step } = model;
    const examples = await examplesOf(model, list.records, root, options, display);
    return { manifest, step, examples };
  } finally {
    display.ends();
    await model.backend.dispose();
  }
}

/** What a run of any task wrote while it was trained. */
export async function recordedOf(
  folder: string,
): Promise<Pick<ReportInput, 'metrics' | 'evaluations' | 'problems'>> {
  return {
    metrics: await readMetrics(folder, note),
    evaluations: await readEvaluations(folder, note),
    problems: await readProblems(folder, note),
  };
}

function watched<R>(
  evaluator: Evaluator<R>,
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  display: EvaluationDisplay,
): Promise<R> {
  display.begins(evaluator.name);
  return evaluate(evaluator, model, records, root, display);
}

/** The clips of the text-video matrix; none where the model, or the list, has no texts. */
function galleryOf(
  model: TrainedModel,
  records: readonly ClipRecord[],
  options: ReportOptions,
): readonly ClipRecord[] {
  const { settings, teacher } = model;
  const aligned =
    options.retrieval !== false &&
    lackingFor(retrieval, settings).length === 0 &&
    (settings.contrastive.teacher === undefined || teacher !== undefined);
  const captioned = aligned ? records.filter(({ captions }) => captions.length > 0) : [];
  if (captioned.length === 0) return [];
  const { flops, least, most } = GALLERY;
  const affordable = Math.max(least, Math.min(most, Math.floor(flops / clipFlops(model))));
  const gallery = captioned.slice(0, options.gallery ?? affordable);
  if (options.gallery === undefined && gallery.length < Math.min(most, captioned.length))
    note(
      `The text-video matrix is of ${gallery.length} clips, since one takes ${(clipFlops(model) / 1e9).toFixed(0)} GFLOP to embed; --gallery ${most} makes a larger one.`,
    );
  return gallery;
}

async function examplesOf(
  model: TrainedModel,
  records: readonly ClipRecord[],
  root: DataRoot,
  { examples: count }: Pick<ReportOptions, 'examples'>,
  display: EvaluationDisplay,
): Promise<readonly Example[]> {
  if (lackingFor(reconstruction, model.settings).length > 0) return [];
  const spread = chosen(records.slice(0, GALLERY.most), count);
  const examples = await watched(reconstruction, model, spread, root, display);
  display.begins('attention');
  const frames = examples.map((example) => example.frames);
  const maps = await attentionMaps(model, frames, display);
  return examples.map((example, index) => {
    const attention = maps[index];
    return attention === undefined ? example : { ...example, attention };
  });
}

/** The frozen teacher of a run; one that is gone costs the retrieval, not the report. */
async function teacherOf({ settings, manifest }: LoadedModel): Promise<Aligner | undefined> {
  const { teacher } = settings.contrastive;
  if (!capabilitiesOf(settings).aligns || teacher === undefined) return undefined;
  try {
    const aligner = await openAligner(teacher, { onNote: note });
    try {
      requireTeacherOf(manifest, aligner);
      return aligner;
    } catch (error) {
      await aligner.dispose();
      throw error;
    }
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    note(`Retrieval is left out, because its teacher cannot be opened. ${error.message}`);
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

interface Source {
  readonly list: ClipList;
  readonly root: DataRoot;
  readonly wasTrainedOn: boolean;
}

/**
 * The clips to look at: those of the list that a person names, or else of the run's evaluation, or
 * else of its own list. What the run's files name is used where the manifest vouches for it.
 */
async function sourceOf(
  folder: string,
  { data }: RunManifest,
  settings: RunSettings,
  evaluation: RunEvaluation | undefined,
  { list, root, followLinks, ...choice }: ReportOptions,
): Promise<Source> {
  if (list !== undefined) {
    const { list: own, split } = settings.data;
    // Where one of the two is the whole of it, they share clips.
    const isWhole = split === undefined || choice.split === undefined;
    const wasTrainedOn = list === own && (isWhole || split === choice.split);
    return {
      list: await readClipList(list, note, choice),
      root: dataRootOf(root ?? dirname(list), followLinks),
      wasTrainedOn,
    };
  }
  const stray = askedOf(choice);
  if (stray !== undefined) {
    throw new LacunaError({
      where: `--${stray}`,
      what: 'this is of a list, and none is named: the clips are those of the run',
      fix: 'Name one with --list, or leave it out.',
    });
  }
  const own = await readNamedList(settings.data, data.digest, note).catch((error: unknown) => {
    if (!(error instanceof LacunaError)) throw error;
    const { fix: _, ...facts } = error.facts;
    throw new LacunaError({ ...facts, fix: 'Name the clips to look at with --list and --root.' });
  });
  const named = evaluation?.list;
  if (named !== undefined && named !== settings.data.list) {
    if (besides(folder, named, settings.data.list, settings.data.root)) {
      const held = await readClipList(named, note);
      const links = dataRootOf(root ?? dirname(named), settings.data.followLinks);
      return { list: held, root: links, wasTrainedOn: false };
    }
    note(
      `${named} is not read, since it lies outside of the run and its data: name it with --list if it is yours.`,
    );
  }
  return { list: own, root: dataRoot(settings), wasTrainedOn: true };
}

/** The run's own data folder, where a person names one for the run's own list. */
export function rootOf({
  list,
  root,
  followLinks,
}: Pick<ReportOptions, 'list' | 'root' | 'followLinks'>): GivenPaths {
  if (list !== undefined) return {};
  return {
    ...(root === undefined ? {} : { root }),
    ...(followLinks === true ? { followLinks } : {}),
  };
}

/** `count` records spread over the list. */
function chosen(records: readonly ClipRecord[], count: number): readonly ClipRecord[] {
  const step = Math.max(1, Math.floor(records.length / count));
  return records.filter((_, index) => index % step === 0).slice(0, count);
}
