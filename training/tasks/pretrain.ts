import type { Backend } from '../../core/backend.js';
import { ALONE, type ProcessGroup } from '../../core/group.js';
import { type Plan, requireSplit } from '../../core/plan/index.js';
import { type ClipList, checkDataFolder } from '../../data/index.js';
import type { Aligner } from '../../run/aligner.js';
import { lastGoodCheckpoint } from '../../run/checkpoint.js';
import { describeRun, programDigests } from '../../run/describe-run.js';
import {
  beginText,
  type RunTextOptions,
  resumeText,
  vocabularyOf,
} from '../../run/feeds/run-text.js';
import { SimilarityGuide } from '../../run/feeds/similarity-guide.js';
import type { DataDigest, RunManifest, StageRecord } from '../../run/manifest.js';
import { RunFolder } from '../../run/run-folder.js';
import { type RunLists, readRunLists } from '../../run/run-list.js';
import { placedSettings } from '../../run/run-paths.js';
import type { RunSettings } from '../../run/settings/config.js';
import { refuse } from '../../run/settings/section.js';
import { modelState, runSchedule, stagesOf } from '../../run/settings/settings.js';
import { type RunStage, runStages, stageAt, stageManifest } from '../../run/stages.js';
import { RunWeights } from '../../run/weights/begin-weights.js';
import { InitialState } from '../../run/weights/initial-weights.js';
import { LacunaError } from '../../spec/index.js';
import { isStopped, type LoopResult, train } from '../loop.js';
import { inFolder, type RunEvent } from '../run-event.js';
import type { Task } from '../task.js';
import { checkFlowModel } from './check-flow-model.js';
import type { LoadedBatch } from './clip-batches.js';
import {
  type Gallery,
  galleryCaptions,
  openGallery,
  pretrainingEvaluation,
} from './pretraining-evaluation.js';
import { type PretrainingParts, pretrainingPlan, pretrainingTask } from './pretraining-task.js';
import { changedManifest, type ResumeChanges } from './resume-changes.js';
import { lead, ledTo, noteBackend, requireAlike } from './shared-run.js';
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
  /**
   * The processes that train the run together. Process 0 begins it, or goes on with it, and writes its folder; the others
   * go by its manifest, whatever they are told themselves, and must see its folder and the data. @defaultValue this one alone
   */
  readonly group?: ProcessGroup;
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
  if (groupOf(options).index !== 0) return follow(backend, options);
  refuse(given.finetuning !== undefined, 'finetuning', 'a section', {
    what: 'a run that is pretrained is not fine-tuned',
    fix: 'Leave the section out, or use: lacuna finetune',
  });
  const onNote = notesOf(options);
  const lists = await readStageLists(stagesOf(given), onNote);
  // Before anything is written: a folder without its videos leaves no run behind.
  for (const { root, records } of lists.flatMap(({ sources }) => sources)) {
    await checkDataFolder(root, records);
  }
  const gallery = await openGallery(given, onNote);
  const weights = await RunWeights.open(given, onNote);
  try {
    const opened = { lists, gallery, weights };
    return await begin(given, backend, options, opened);
  } finally {
    await weights.close();
  }
}

interface Opened {
  /** Of each stage. */
  readonly lists: readonly RunLists[];
  readonly gallery: Gallery | undefined;
  readonly weights: RunWeights;
}

async function begin(
  given: RunSettings,
  backend: Backend,
  options: PretrainOptions,
  { lists, gallery, weights }: Opened,
): Promise<PretrainResult> {
  const list = allClips(lists);
  const text = await beginText(await checkFlowModel(given), list, textOptions(options, gallery));
  const { settings, side, facts } = text;
  const all = stagesOf(settings);
  const plans = all.map((stage) => {
    requireSplit(stage, backend.info);
    const plan = pretrainingPlan(stage, vocabularyOf(side));
    const { processes = 1 } = backend.info;
    const own = { ...stage, batch: stage.batch / processes };
    const held = processes === 1 ? plan : pretrainingPlan(own, vocabularyOf(side));
    requireStepMemory(own, held, backend.info, (microbatches) =>
      pretrainingPlan({ ...own, microbatches }, vocabularyOf(side)),
    );
    return plan;
  });
  const [first] = all as [RunSettings];
  const guide = await openGuide(first, list);
  const planned = await weights.plan(modelState(first, vocabularyOf(side)));
  const described = all.map((stage, index) => {
    const [plan, data] = [plans[index] as Plan, (lists[index] as RunLists).data];
    return describeRun(stage, data, vocabularyOf(side), plan, backend, options.version);
  });
  const manifest: RunManifest = {
    ...(described[0] as RunManifest),
    settings,
    ...stageRecords(settings, lists, described),
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
    await lead(groupOf(options), folder, false);
    await requireAlike(groupOf(options), backend, plans);
    const parts = { lists, text: side, guide, gallery, plans, backend, folder, options };
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
  if (groupOf(options).index !== 0) return follow(backend, options, changes);
  const onNote = notesOf(options);
  const folder = await RunFolder.resume(path, 'pretrain', onNote);
  try {
    const manifest = changedManifest(folder.manifest, changes);
    const { data, programs, similarity, vocabulary, stages: records } = manifest;
    const settings = await settingsNow(path, manifest, changes);
    const all = stagesOf(settings);
    // Before anything is read that the manifest names: a stranger's model may be of any size.
    for (const stage of all) {
      modelState(stage, vocabulary);
      requireSplit(stage, backend.info);
    }
    const known = records?.map((record) => record.data) ?? [data];
    const lists = await readStageLists(all, onNote, known);
    const list = allClips(lists);
    await checkFlowModel(settings);
    const gallery = await openGallery(settings, onNote, manifest.evaluation?.digest);
    const text = await resumeText(folder, settings, list, textOptions(options, gallery));
    const plans = all.map((stage) => pretrainingPlan(stage, vocabularyOf(text)));
    const began = records?.map((record) => record.programs) ?? [programs];
    if (JSON.stringify(plans.map(programDigests)) !== JSON.stringify(began)) {
      onNote(
        'The programs of this version differ from those that the run began with: its trajectory will too.',
      );
    }
    const guide = await openGuide(all[0] ?? settings, list);
    guide?.requireSame(similarity);
    if (manifest !== folder.manifest) {
      const { fromSteps, toSteps } = manifest.extended?.at(-1) ?? {};
      onNote(
        `The run is made longer, from ${fromSteps} to ${toSteps} steps: the learning rate follows the longer schedule from here on.`,
      );
      await folder.replaceManifest(manifest);
    }
    await noteBackend(folder, backend, await doneSteps(folder, plans), onNote);
    await lead(groupOf(options), folder, true);
    await requireAlike(groupOf(options), backend, plans);
    const parts = { lists, text, guide, gallery, plans, backend, folder, options };
    return await run({ settings, ...parts, resumes: true });
  } finally {
    await folder.release();
  }
}

function groupOf({ group = ALONE }: PretrainOptions): ProcessGroup {
  return group;
}

/** Of another process than process 0: takes part in the run that process 0 has opened. */
async function follow(
  backend: Backend,
  options: PretrainOptions,
  changes: ResumeChanges = {},
): Promise<PretrainResult> {
  const group = groupOf(options);
  const { folder, resumes } = await ledTo(group);
  const { manifest } = folder;
  const settings = await settingsNow(folder.path, manifest, changes);
  const all = stagesOf(settings);
  const known = manifest.stages?.map((record) => record.data) ?? [manifest.data];
  const lists = await readStageLists(all, notesOf(options), known);
  const list = allClips(lists);
  await checkFlowModel(settings);
  const held = await openGallery(settings, notesOf(options), manifest.evaluation?.digest);
  const text = await resumeText(folder, settings, list, textOptions(options, held));
  const plans = all.map((stage) => pretrainingPlan(stage, vocabularyOf(text)));
  const guide = await openGuide(all[0] ?? settings, list);
  guide?.requireSame(manifest.similarity);
  await requireAlike(group, backend, plans);
  const parts = { lists, text, guide, gallery: held, plans, backend, folder, options };
  return run({ settings, ...parts, resumes });
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

interface Run extends Pick<PretrainingParts, 'text' | 'guide'> {
  readonly settings: RunSettings;
  /** Of each stage. */
  readonly lists: readonly RunLists[];
  readonly plans: readonly Plan[];
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

/** Trains the stages from the one on that the last good checkpoint is of; a run that has none is one. */
async function run(run: Run): Promise<PretrainResult> {
  const { settings, lists, plans, folder, options, resumes = false } = run;
  const stages = runStages(folder.manifest, settings);
  const done = resumes ? await doneSteps(folder, plans) : 0;
  const initial = new InitialState(folder.initial, folder.manifest);
  try {
    for (const stage of stages.slice(stages.indexOf(stageAt(stages, done)))) {
      const { index, count } = stage;
      const [own, plan] = [lists[index] as RunLists, plans[index] as Plan];
      const former = index === 0 ? undefined : plans[index - 1]?.state;
      const result = await trainStage(run, stage, { lists: own, plan, former, initial });
      const isLast = index === count - 1;
      if (isLast || !result.finished) return { folder: folder.path, ...result };
      if (await isStopped(options)) return { folder: folder.path, ...result, finished: false };
    }
    throw new LacunaError({ where: folder.path, what: 'this run has no stage' });
  } finally {
    await initial.close();
  }
}

/** What a stage is trained with. */
interface StageParts {
  readonly lists: RunLists;
  readonly plan: Plan;
  readonly former: Plan['state'] | undefined;
  readonly initial: InitialState;
}

async function trainStage(
  { gallery, text, guide, backend, folder, options, resumes = false }: Run,
  stage: RunStage,
  { lists, plan, former, initial }: StageParts,
): Promise<LoopResult> {
  const { settings, index, count, name, before } = stage;
  const { group } = options;
  const evaluation =
    gallery === undefined
      ? undefined
      : groupOf(options).index === 0
        ? pretrainingEvaluation(settings, gallery, text, backend)
        : // Process 0 judges the model, by itself.
          { everySteps: gallery.everySteps, run: async () => [] };
  const { stages: records = [] } = folder.manifest;
  const total = records.reduce((sum, { steps }) => sum + steps, 0);
  const its =
    name === undefined ? undefined : { name, number: index + 1, count, before, total, former };
  const task: Task<LoadedBatch> = {
    ...pretrainingTask(settings, lists, { text, guide, plan, initial, evaluation, group }),
    stage: its,
  };
  const manifest = stageManifest(folder.manifest, stage);
  const onEvent = inFolder({ path: folder.path, manifest }, options.onEvent);
  return train(task, { backend, folder, signal: options.signal, onEvent, resumes, group });
}

/** Steps that the run's last good checkpoint has done. What is damaged is told of when it is read. */
async function doneSteps({ checkpoints }: RunFolder, plans: readonly Plan[]): Promise<number> {
  const state = plans.flatMap((plan) => plan.state);
  return (await lastGoodCheckpoint(checkpoints, () => {}, state))?.step ?? 0;
}

/** The lists of each stage. */
async function readStageLists(
  stages: readonly RunSettings[],
  onNote: (text: string) => void,
  expected: readonly (DataDigest | undefined)[] = [],
): Promise<readonly RunLists[]> {
  const told = new Set<string>();
  const once = (text: string): void => {
    if (!told.has(text)) onNote(text);
    told.add(text);
  };
  const lists: RunLists[] = [];
  for (const [index, stage] of stages.entries()) {
    lists.push(await readRunLists(stage, once, expected[index]));
  }
  return lists;
}

/** The clips of all stages, each once: what tokenizers and teachers are made with. */
function allClips(lists: readonly RunLists[]): ClipList {
  const [first, ...rest] = lists as [RunLists, ...RunLists[]];
  if (rest.length === 0) return first.list;
  const records = new Map(
    lists.flatMap(({ list }) =>
      list.records.map((each) => [[each.id, ...each.captions].join('\n'), each]),
    ),
  );
  return { ...first.list, records: [...records.values()] };
}

/** What the manifest of a run of stages says of each. */
function stageRecords(
  settings: RunSettings,
  lists: readonly RunLists[],
  described: readonly RunManifest[],
): Pick<RunManifest, 'stages'> {
  const { stages = [] } = settings;
  if (stages.length === 0) return {};
  const all = stagesOf(settings);
  return {
    stages: stages.map(({ name }, index): StageRecord => {
      const [stage, { list }] = [all[index] as RunSettings, lists[index] as RunLists];
      const { data, tokens, programs } = described[index] as RunManifest;
      const { totalSteps: steps } = runSchedule(stage, list.records.length);
      return { name, steps, data, tokens, programs };
    }),
  };
}

/** The maps that the masks of a run, which then has no stages, are drawn from, of every clip: checked before it begins. */
async function openGuide(
  settings: RunSettings,
  { records }: ClipList,
): Promise<SimilarityGuide | undefined> {
  const guide = await SimilarityGuide.open(settings);
  await guide?.check(records);
  return guide;
}
