import type { Backend } from '../../core/backend.js';
import { rootFolder } from '../../data/index.js';
import { extractFeatures, type LabelledFeatures, probeClasses } from '../../evaluation/index.js';
import { describeTask } from '../../run/describe-run.js';
import { loadModel } from '../../run/load-model.js';
import type { ProbeManifest, ProbeSettings } from '../../run/manifest.js';
import type { TrainedModel } from '../../run/open-program.js';
import { type DataProblem, RunFolder, readEvaluations, refuseUsed } from '../../run/run-folder.js';
import { LacunaError } from '../../spec/index.js';
import { type LoopResult, train } from '../loop.js';
import { inFolder, type RunEvent } from '../run-event.js';
import { linearProbeTask, type ProbeSets, probePlan } from './linear-probe.js';
import { type ProbeClips, probeClips } from './probe-clips.js';
import { featuresDigest, readFeatures, saveFeatures } from './probe-features.js';

/** What happens in a probe, for whoever shows it. */
export type ProbeEvent =
  | RunEvent<ProbeManifest>
  /** The frozen encoder has made the features of `done` of `total` clips. */
  | { readonly kind: 'features'; readonly done: number; readonly total: number };

export interface ProbeOptions {
  /** The version of Lacuna, for the manifest. */
  readonly version: string;
  readonly onEvent?: (event: ProbeEvent) => void;
  /** Ends the probe after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

export interface ProbeResult extends Omit<LoopResult, 'problems'> {
  readonly folder: string;
  readonly manifest: ProbeManifest;
  /** `top1`, `train_top1`, `chance`, `majority`; undefined where the signal ended it early. */
  readonly scores: Readonly<Record<string, number>> | undefined;
}

/**
 * Probes the encoder of a run: makes the features of all clips once, then trains a linear classifier
 * on them through the loop, in a folder of its own.
 *
 * @throws LacunaError for a folder without a model, and clips or classes that cannot be used.
 */
export async function probe(
  settings: ProbeSettings,
  backend: Backend,
  options: ProbeOptions,
): Promise<ProbeResult> {
  // Before the features are made, which can take hours.
  await refuseUsed(settings.output);
  const onNote = (text: string): void => options.onEvent?.({ kind: 'note', text });
  const clips = await probeClips(settings, onNote);
  const model = await loadModel(settings.run, async () => backend, onNote);
  const problems: DataProblem[] = [];
  const sets = {
    train: await featuresOf(model, clips.train, options, problems),
    test: await featuresOf(model, clips.test, options, problems),
  };
  const classes = probeClasses(sets.train, sets.test);
  const plan = probePlan(sets.train, classes);
  const digest = (name: keyof ProbeSets): ProbeManifest['test'] => ({
    clips: sets[name].labels.length,
    digest: clips[name].digest,
  });
  const manifest: ProbeManifest = {
    ...describeTask(plan, backend, digest('train'), options.version),
    task: 'linear-probe',
    settings,
    test: digest('test'),
    classes,
    width: sets.train.width,
    features: featuresDigest(sets, classes),
  };
  const save = ({ features }: RunFolder<'linear-probe'>): Promise<void> =>
    saveFeatures(features, sets, classes);
  const folder = await RunFolder.create<'linear-probe'>(
    settings.output,
    manifest,
    async (created) => {
      await save(created);
      return {};
    },
  );
  try {
    for (const problem of problems) await folder.appendProblem(problem);
    return await run(folder, sets, backend, options, false);
  } finally {
    await folder.release();
  }
}

/**
 * Continues the probe in a folder from its last good checkpoint, by its own manifest and features:
 * neither the videos nor the run that is probed are needed again.
 *
 * @param steps Its whole length, what is done included. @defaultValue that of its manifest
 * @throws LacunaError where the folder holds no probe, another process holds it, or its features have
 * changed.
 */
export async function resumeProbe(
  path: string,
  backend: Backend,
  options: ProbeOptions,
  steps?: number,
): Promise<ProbeResult> {
  const onNote = (text: string): void => options.onEvent?.({ kind: 'note', text });
  const folder = await RunFolder.resume(path, 'linear-probe', onNote);
  try {
    const { settings } = folder.manifest;
    if (steps !== undefined && steps < settings.steps) {
      throw new LacunaError({
        where: '--steps',
        what: 'a probe that goes on can be made longer, not shorter',
        got: String(steps),
        expected: `at least ${settings.steps}`,
        fix: 'Leave it out, or begin a new probe.',
      });
    }
    const sets = await readFeatures(folder.features, folder.manifest);
    if (steps !== undefined && steps > settings.steps) {
      await folder.replaceManifest({ ...folder.manifest, settings: { ...settings, steps } });
      onNote(
        `The probe is made longer, from ${settings.steps} to ${steps} steps: the learning rate follows the longer schedule from here on.`,
      );
    }
    return await run(folder, sets, backend, options, true);
  } finally {
    await folder.release();
  }
}

async function run(
  folder: RunFolder<'linear-probe'>,
  sets: ProbeSets,
  backend: Backend,
  { onEvent, signal }: ProbeOptions,
  resumes: boolean,
): Promise<ProbeResult> {
  const { path, manifest } = folder;
  const { settings, classes } = manifest;
  const plan = probePlan(sets.train, classes);
  const task = linearProbeTask(sets, classes, plan, backend, settings);
  const { state, steps, finished } = await train(task, {
    backend,
    folder,
    resumes,
    signal,
    onEvent: inFolder(folder, onEvent),
  });
  const last = finished ? (await readEvaluations(path)).at(-1) : undefined;
  return { folder: path, manifest, state, steps, finished, scores: last?.scores };
}

/** The features of the clips that can be read; the others are told of and added to `problems`. */
async function featuresOf(
  model: TrainedModel,
  { records, root }: ProbeClips,
  { onEvent, signal }: ProbeOptions,
  problems: DataProblem[],
): Promise<LabelledFeatures> {
  const features = await extractFeatures(model, records, root, (done, total) => {
    if (signal?.aborted === true) {
      throw new LacunaError({
        where: rootFolder(root),
        what: 'stopped before all features were made, so no probe was begun',
      });
    }
    onEvent?.({ kind: 'features', done, total });
  });
  for (const problem of features.problems) {
    problems.push(problem);
    onEvent?.({ kind: 'problem', ...problem });
  }
  const { width, values } = features;
  const ids = features.records.map(({ id }) => id);
  return { width, values, labels: features.records.map(({ label = '' }) => label), ids };
}
