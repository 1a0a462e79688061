import type { Backend } from '../../core/backend.js';
import { type ClipList, checkDataFolder } from '../../data/index.js';
import type { Aligner } from '../../run/aligner.js';
import { describeRun, programDigests } from '../../run/describe-run.js';
import {
  beginText,
  type RunTextOptions,
  resumeText,
  vocabularyOf,
} from '../../run/feeds/run-text.js';
import { SimilarityGuide } from '../../run/feeds/similarity-guide.js';
import type { RunManifest } from '../../run/manifest.js';
import { RunFolder } from '../../run/run-folder.js';
import { dataRoot, readRunList } from '../../run/run-list.js';
import { placedSettings } from '../../run/run-paths.js';
import type { RunSettings } from '../../run/settings/config.js';
import { modelState } from '../../run/settings/settings.js';
import { RunWeights } from '../../run/weights/begin-weights.js';
import { InitialState } from '../../run/weights/initial-weights.js';
import { type LoopResult, train } from '../loop.js';
import { inFolder, type RunEvent } from '../run-event.js';
import { checkFlowModel } from './check-flow-model.js';
import {
  type Gallery,
  galleryCaptions,
  openGallery,
  pretrainingEvaluation,
} from './pretraining-evaluation.js';
import { type PretrainingParts, pretrainingPlan, pretrainingTask } from './pretraining-task.js';
import { changedManifest, type ResumeChanges } from './resume-changes.js';
import { requireStepMemory } from './step-memory.js';

/** What happens in a run, for whoever shows it. */
export type PretrainEvent =
  | RunEvent<RunManifest>
  /** The teacher has embedded `done` of `total` distinct captions. */
  | { readonly kind: 'captions'; readonly done: number; readonly total: number };

export interface PretrainOptions {
  /** The version of Lacuna, for the manifest. */
  readonly version: string;
  readonly onEvent?: (event: PretrainEvent) => void;
  /** Ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Opens the frozen teacher of `contrastive.teacher`; needed by runs that have one. */
  readonly openTeacher?: (folder: string) => Promise<Aligner>;
}

export interface PretrainResult extends LoopResult {
  readonly folder: string;
}

/**
 * Pretrains as `settings` say, in a new run folder. The trajectory is a function of the settings,
 * the data and the backend; where that is deterministic, bit for bit.
 *
 * @throws LacunaError for settings or data that cannot be used, and for a loss that is not finite:
 * the last checkpoint is then kept and the samples are named.
 */
export async function pretrain(
  given: RunSettings,
  backend: Backend,
  options: PretrainOptions,
): Promise<PretrainResult> {
  const onNote = notesOf(options);
  const list = await readRunList(given, onNote);
  // Before anything is written: a folder without its videos leaves no run behind.
  await checkDataFolder(dataRoot(given), list.records);
  const gallery = await openGallery(given, onNote);
  const weights = await RunWeights.open(given, onNote);
  try {
    const opened = { list, gallery, weights };
    return await begin(given, backend, options, opened);
  } finally {
    await weights.close();
  }
}

interface Opened {
  readonly list: ClipList;
  readonly gallery: Gallery | undefined;
  readonly weights: RunWeights;
}

async function begin(
  given: RunSettings,
  backend: Backend,
  options: PretrainOptions,
  { list, gallery, weights }: Opened,
): Promise<PretrainResult> {
  const text = await beginText(await checkFlowModel(given), list, textOptions(options, gallery));
  const { settings, side, facts } = text;
  const plan = pretrainingPlan(settings, vocabularyOf(side));
  requireStepMemory(settings, plan, backend.info, (microbatches) =>
    pretrainingPlan({ ...settings, microbatches }, vocabularyOf(side)),
  );
  const guide = await openGuide(settings, list);
  const planned = await weights.plan(modelState(settings, vocabularyOf(side)));
  const manifest: RunManifest = {
    ...describeRun(settings, list, vocabularyOf(side), plan, backend, options.version),
    ...facts,
    ...(guide === undefined ? {} : { similarity: guide.digest }),
    ...(gallery === undefined ? {} : { evaluation: gallery.data }),
  };
  const folder = await RunFolder.create(settings.output, manifest, async (created) => {
    await text.save(created);
    if (planned === undefined) return {};
    notesOf(options)(`Weights are taken: ${planned.sentence()}`);
    return { weights: await planned.save(created) };
  });
  try {
    for (const [id, reason] of list.badCaptions.first) await folder.appendProblem({ id, reason });
    const parts = { list, text: side, guide, gallery, plan, backend, folder, options };
    return await run({ settings, ...parts });
  } finally {
    await folder.release();
  }
}

/**
 * Continues the run in a folder from its last good checkpoint, by its own manifest; the paths in it
 * lead where they led when it began (`placedSettings`). Like `pretrain` it is handed a backend, which
 * stays the caller's to dispose of.
 *
 * @throws LacunaError where the folder holds no run, another process holds it, or its data, its maps
 * or its teacher have changed; and as `pretrain`.
 */
export async function resumePretraining(
  path: string,
  backend: Backend,
  options: PretrainOptions,
  changes: ResumeChanges = {},
): Promise<PretrainResult> {
  const onNote = notesOf(options);
  const folder = await RunFolder.resume(path, 'pretrain', onNote);
  try {
    const manifest = changedManifest(folder.manifest, changes);
    const { data, programs, similarity, vocabulary } = manifest;
    const settings = await settingsNow(path, manifest, changes);
    // Before anything is read that the manifest names: a stranger's model may be of any size.
    modelState(settings, vocabulary);
    const list = await readRunList(settings, onNote, data.digest);
    await checkFlowModel(settings);
    const gallery = await openGallery(settings, onNote, manifest.evaluation?.digest);
    const text = await resumeText(folder, settings, list, textOptions(options, gallery));
    const plan = pretrainingPlan(settings, vocabularyOf(text));
    if (JSON.stringify(programDigests(plan)) !== JSON.stringify(programs)) {
      onNote(
        'The programs of this version differ from those that the run began with: its trajectory will too.',
      );
    }
    const guide = await openGuide(settings, list);
    guide?.requireSame(similarity);
    if (manifest !== folder.manifest) {
      const { fromSteps, toSteps } = manifest.extended?.at(-1) ?? {};
      onNote(
        `The run is made longer, from ${fromSteps} to ${toSteps} steps: the learning rate follows the longer schedule from here on.`,
      );
      await folder.replaceManifest(manifest);
    }
    const parts = { list, text, guide, gallery, plan, backend, folder, options };
    return await run({ settings, ...parts, resumes: true });
  } finally {
    await folder.release();
  }
}

/** The settings with the paths of now. */
async function settingsNow(
  path: string,
  manifest: RunManifest,
  { paths, workers }: ResumeChanges,
): Promise<RunSettings> {
  const settings = await placedSettings(path, manifest, paths);
  return workers === undefined ? settings : { ...settings, data: { ...settings.data, workers } };
}

interface Run extends Omit<PretrainingParts, 'evaluation' | 'initial'> {
  readonly settings: RunSettings;
  readonly list: ClipList;
  readonly gallery: Gallery | undefined;
  readonly backend: Backend;
  readonly folder: RunFolder;
  readonly options: PretrainOptions;
  readonly resumes?: boolean;
}

function notesOf({ onEvent }: PretrainOptions): (text: string) => void {
  return (text) => onEvent?.({ kind: 'note', text });
}

function textOptions(options: PretrainOptions, gallery: Gallery | undefined): RunTextOptions {
  const { onEvent, signal, openTeacher } = options;
  return {
    captions: galleryCaptions(gallery),
    openTeacher,
    signal,
    onNote: notesOf(options),
    onProgress: (done, total) => onEvent?.({ kind: 'captions', done, total }),
  };
}

async function run(run: Run): Promise<PretrainResult> {
  const { settings, list, gallery, backend, folder, options, resumes = false, ...parts } = run;
  const evaluation =
    gallery === undefined
      ? undefined
      : pretrainingEvaluation(settings, gallery, parts.text, backend);
  const initial = new InitialState(folder.initial, folder.manifest);
  try {
    const task = pretrainingTask(settings, list, { ...parts, initial, evaluation });
    const onEvent = inFolder(folder, options.onEvent);
    const result = await train(task, { backend, folder, signal: options.signal, onEvent, resumes });
    return { folder: folder.path, ...result };
  } finally {
    await initial.close();
  }
}

/** The maps that the run's masks are drawn from, of every clip: checked before the run begins. */
async function openGuide(
  settings: RunSettings,
  { records }: ClipList,
): Promise<SimilarityGuide | undefined> {
  const guide = await SimilarityGuide.open(settings);
  await guide?.check(records);
  return guide;
}
