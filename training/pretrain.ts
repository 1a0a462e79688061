import type { Backend, HostTensor, Named, Precision } from '../core/backend.js';
import { type Plan, PlanRunner, trainingPlan } from '../core/plan/index.js';
import { type BatchSample, type ClipList, ClipLoader, checkDataFolder } from '../data/index.js';
import type { Aligner } from '../run/aligner.js';
import { CheckpointReader, lastGoodCheckpoint, writeCheckpoint } from '../run/checkpoint.js';
import { describeRun, programDigests } from '../run/describe-run.js';
import { BatchFeeds, type TextSide } from '../run/feeds/batch-feeds.js';
import { maskedClipSampling } from '../run/feeds/clip-sampling.js';
import { beginText, type RunTextOptions, resumeText, vocabularyOf } from '../run/feeds/run-text.js';
import { SimilarityGuide } from '../run/feeds/similarity-guide.js';
import { initialTensor, tableTensor } from '../run/initialize.js';
import {
  type DataProblem,
  RunFolder,
  type RunManifest,
  type StepMetrics,
} from '../run/run-folder.js';
import { dataRoot, readRunList } from '../run/run-list.js';
import type { RunSettings } from '../run/settings/config.js';
import { modelConfig, runSchedule, videoConfig } from '../run/settings/settings.js';
import {
  biasCorrection,
  gridOf,
  LacunaError,
  learningRate,
  maskCounts,
  type Role,
  type StateSpec,
} from '../spec/index.js';
import { checkFlowModel } from './check-flow-model.js';
import { SkippedSteps } from './skipped-steps.js';

/** What happens in a run, for whoever shows it. */
export type PretrainEvent =
  | {
      readonly kind: 'ready';
      readonly folder: string;
      readonly manifest: RunManifest;
      readonly steps: number;
      /** Steps that were done before: 0 unless resumed. */
      readonly doneSteps: number;
      readonly compileSeconds: number;
    }
  | ({ readonly kind: 'step'; readonly steps: number; readonly clips: number } & StepMetrics)
  | ({ readonly kind: 'problem' } & DataProblem)
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  /** The teacher has embedded `done` of `total` distinct captions. */
  | { readonly kind: 'captions'; readonly done: number; readonly total: number }
  | { readonly kind: 'note'; readonly text: string };

export interface PretrainOptions {
  /** The version of Lacuna, for the manifest. */
  readonly version: string;
  readonly onEvent?: (event: PretrainEvent) => void;
  /** Ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** Opens the frozen teacher of `contrastive.teacher`; needed by runs that have one. */
  readonly openTeacher?: (folder: string) => Promise<Aligner>;
}

export interface PretrainResult {
  readonly folder: string;
  readonly steps: number;
  /** False where the signal ended the run early: it can be resumed. */
  readonly finished: boolean;
  /** Parameters and statistics after the last step. */
  readonly state: Named<HostTensor>;
  readonly problems: readonly DataProblem[];
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
  const list = await readRunList(given);
  // Before anything is written: a folder without its videos leaves no run behind.
  await checkDataFolder(dataRoot(given), list.records);
  const text = await beginText(await checkFlowModel(given), list, textOptions(options));
  const { settings, side, teacher } = text;
  const plan = planOf(settings, vocabularyOf(side));
  const guide = await openGuide(settings, list);
  const manifest: RunManifest = {
    ...describeRun(settings, list, vocabularyOf(side), plan, backend, options.version),
    ...(teacher === undefined ? {} : { teacher }),
    ...(guide === undefined ? {} : { similarity: guide.digest }),
  };
  const folder = await RunFolder.create(settings.output, manifest);
  try {
    await text.save(folder);
    return await run({ settings, list, text: side, guide, plan, backend, folder, options });
  } finally {
    await folder.release();
  }
}

/**
 * Continues the run in a folder from its last good checkpoint, by its own manifest. Like `pretrain`
 * it is handed a backend, which stays the caller's to dispose of.
 *
 * @throws LacunaError where the folder holds no run, another process holds it, or its data, its maps
 * or its teacher have changed; and as `pretrain`.
 */
export async function resumePretraining(
  path: string,
  backend: Backend,
  options: PretrainOptions,
): Promise<PretrainResult> {
  const folder = await RunFolder.resume(path);
  try {
    const { settings, data, programs, similarity } = folder.manifest;
    const list = await readRunList(settings);
    if (list.digest !== data.digest) {
      throw new LacunaError({
        where: settings.data.list,
        what: 'the data of this run have changed since it began',
        got: `digest ${list.digest.slice(0, 12)}`,
        expected: data.digest.slice(0, 12),
        fix: 'Restore the list, or begin a new run.',
      });
    }
    await checkFlowModel(settings);
    const text = await resumeText(folder, list, textOptions(options));
    const plan = planOf(settings, vocabularyOf(text));
    if (JSON.stringify(programDigests(plan)) !== JSON.stringify(programs)) {
      options.onEvent?.({
        kind: 'note',
        text: 'The programs of this version differ from those that the run began with: its trajectory will too.',
      });
    }
    const guide = await openGuide(settings, list);
    guide?.requireSame(similarity);
    const resumes = true;
    return await run({ settings, list, text, guide, plan, backend, folder, options, resumes });
  } finally {
    await folder.release();
  }
}

interface Run {
  readonly settings: RunSettings;
  readonly list: ClipList;
  readonly text: TextSide;
  /** The maps of text-guided masks. */
  readonly guide: SimilarityGuide | undefined;
  readonly plan: Plan;
  readonly backend: Backend;
  readonly folder: RunFolder;
  readonly options: PretrainOptions;
  readonly resumes?: boolean;
}

function textOptions({ onEvent, signal, openTeacher }: PretrainOptions): RunTextOptions {
  return {
    openTeacher,
    signal,
    onNote: (text) => onEvent?.({ kind: 'note', text }),
    onProgress: (done, total) => onEvent?.({ kind: 'captions', done, total }),
  };
}

async function run({
  settings,
  list,
  text,
  guide,
  plan,
  backend,
  folder,
  options,
  resumes = false,
}: Run): Promise<PretrainResult> {
  const emit = options.onEvent ?? (() => {});
  const schedule = runSchedule(settings, list.records.length);
  const steps = schedule.totalSteps;
  const stepsPerEpoch = Math.floor(list.records.length / settings.batch);
  const { runner, doneSteps } = await openRunner(
    plan,
    backend,
    folder,
    settings.seed,
    resumes,
    emit,
  );
  emit({
    kind: 'ready',
    folder: folder.path,
    manifest: folder.manifest,
    steps,
    doneSteps,
    compileSeconds: runner.compileSeconds,
  });
  const loader = await ClipLoader.open({
    root: dataRoot(settings),
    records: list.records,
    sampling: maskedClipSampling(settings),
    seed: settings.seed,
    batchSize: settings.batch,
    workers: settings.data.workers ?? 2,
    start: { epoch: Math.floor(doneSteps / stepsPerEpoch), step: doneSteps % stepsPerEpoch },
  });
  const feeds = new BatchFeeds(settings, list.records, text, guide);
  const skipped = await SkippedSteps.of(runner, settings.lossScaling);
  const problems = new Map<string, DataProblem>();
  let step = doneSteps;
  let saved = doneSteps;
  const save = async (): Promise<void> => {
    const { checkpoints } = folder;
    const read = (name: string): Promise<HostTensor> => runner.download(name);
    const path = await writeCheckpoint(
      checkpoints,
      step,
      plan.state,
      read,
      settings.checkpoints.keep,
    );
    saved = step;
    emit({ kind: 'checkpoint', step, path });
  };
  try {
    while (step < steps && options.signal?.aborted !== true) {
      const begin = performance.now();
      const batch = await loader.next();
      const waitSeconds = (performance.now() - begin) / 1000;
      for (const { id, reason } of batch.skipped) {
        if (problems.has(id)) continue;
        problems.set(id, { id, reason });
        await folder.appendProblem({ id, reason });
        emit({ kind: 'problem', id, reason });
      }
      const rate = learningRate(schedule, step);
      const metrics = skipped.note(
        await runner.step({
          ...(await feeds.feeds(batch)),
          ...scheduleFeeds(settings, rate, skipped.update(step)),
        }),
      );
      const bad = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
      if (bad !== undefined)
        throw notFinite(
          bad,
          step + 1,
          saved,
          batch.samples.map(({ record }) => record.id),
          settings.backend.precision,
        );
      step += 1;
      const stepSeconds = (performance.now() - begin) / 1000;
      const line = {
        step,
        epoch: batch.epoch,
        metrics,
        learningRate: rate,
        stepSeconds,
        waitSeconds,
        ...motionSources(batch.samples),
      };
      await folder.appendMetrics(line);
      emit({ kind: 'step', steps, clips: settings.batch, ...line });
      skipped.check(metrics, step, saved);
      if (step % settings.checkpoints.everySteps === 0 && step < steps) await save();
    }
    if (saved < step || step === 0) await save();
    const state: Record<string, HostTensor> = {};
    for (const { name, role } of plan.state) {
      if (KEPT_ROLES.includes(role)) state[name] = await runner.download(name);
    }
    return {
      folder: folder.path,
      steps: step,
      finished: step >= steps,
      state,
      problems: [...problems.values()],
    };
  } finally {
    await loader.close();
    await runner.dispose();
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

/** Roles that a model needs outside training. */
const KEPT_ROLES: readonly Role[] = ['parameter', 'statistic', 'average'];

async function openRunner(
  plan: Plan,
  backend: Backend,
  folder: RunFolder,
  seed: number,
  resumes: boolean,
  emit: (event: PretrainEvent) => void,
): Promise<{ readonly runner: PlanRunner; readonly doneSteps: number }> {
  const note = (text: string): void => emit({ kind: 'note', text });
  const checkpoint = resumes ? await lastGoodCheckpoint(folder.checkpoints, note) : undefined;
  const doneSteps = checkpoint?.step ?? 0;
  if (resumes) {
    await folder.rewindMetrics(doneSteps);
    if (checkpoint === undefined)
      note('There is no good checkpoint yet: the run starts from step 0.');
  }
  if (checkpoint === undefined) {
    const start = (spec: StateSpec): HostTensor => initialTensor(spec, seed);
    return { runner: await PlanRunner.open(backend, plan, start, tableTensor), doneSteps };
  }
  const reader = await CheckpointReader.open(checkpoint);
  try {
    const saved = (spec: StateSpec): Promise<HostTensor> => reader.read(spec);
    return { runner: await PlanRunner.open(backend, plan, saved, tableTensor), doneSteps };
  } finally {
    await reader.close();
  }
}

function planOf(settings: RunSettings, vocabulary: number): Plan {
  const { visible } = maskCounts(settings.mask, gridOf(videoConfig(settings)));
  const shape = { batch: settings.batch, visible };
  const { optimizer, microbatches, gradientNorm, lossScaling } = settings;
  return trainingPlan(modelConfig(settings, vocabulary), shape, {
    optimizer,
    microbatches,
    gradientNorm,
    lossScaling,
  });
}

function scheduleFeeds(
  { optimizer }: RunSettings,
  rate: number,
  update: number,
): Named<HostTensor> {
  const scalar = (value: number): HostTensor => ({
    dtype: 'f32',
    shape: [],
    data: Float32Array.of(value),
  });
  return {
    'schedule.lr': scalar(rate),
    'schedule.correction1': scalar(biasCorrection(optimizer.beta1, update)),
    'schedule.correction2': scalar(biasCorrection(optimizer.beta2, update)),
  };
}

/** How many clips of a batch had their motion from where; nothing for a mask without motion. */
function motionSources(samples: readonly BatchSample[]): Pick<StepMetrics, 'motion'> {
  const sources = samples.flatMap(({ motion }) => (motion === undefined ? [] : [motion.source]));
  if (sources.length === 0) return {};
  const count = (name: string): number => sources.filter((source) => source === name).length;
  const raft = count('raft');
  return {
    motion: {
      codec: count('codec'),
      blockMatching: count('block-matching'),
      ...(raft === 0 ? {} : { raft }),
    },
  };
}

function notFinite(
  [name, value]: [string, number],
  step: number,
  saved: number,
  samples: readonly string[],
  precision: Precision = 'f32',
): LacunaError {
  const shown = samples.slice(0, 8).join(', ');
  const kept =
    saved === 0 ? 'There is no checkpoint yet.' : `The checkpoint of step ${saved} is kept.`;
  const mixed = precision === 'mixed' ? ' f16 holds nothing above 65504: or train in f32.' : '';
  return new LacunaError({
    where: `step ${step}`,
    what: `${name} is ${value}, so the run stops`,
    got: `samples ${shown}${samples.length > 8 ? ` and ${samples.length - 8} more` : ''}`,
    fix: `${kept} Lower the learning rate, or look at these samples.${mixed}`,
  });
}
