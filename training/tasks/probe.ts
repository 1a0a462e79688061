import type { Backend } from '../../core/backend.js';
import { rootFolder } from '../../data/index.js';
import {
  type EmbeddingCache,
  type FeatureSet,
  modelDigest,
  probeClasses,
  refuseNotFinite,
} from '../../evaluation/index.js';
import { describeTask } from '../../run/describe-run.js';
import { loadModel } from '../../run/load-model.js';
import type { ProbeManifest, ProbeSettings } from '../../run/manifest.js';
import type { TrainedModel } from '../../run/open-program.js';
import { PROBE_RECIPES } from '../../run/probe-recipes.js';
import { type DataProblem, RunFolder, refuseUsed } from '../../run/run-folder.js';
import { probeLength } from '../../run/run-length.js';
import { LacunaError } from '../../spec/index.js';
import type { LoopResult } from '../loop.js';
import { inFolder, type RunEvent } from '../run-event.js';
import { type MakeFeaturesOptions, makeProbeFeatures } from './make-probe-features.js';
import { type ProbeClips, probeClips } from './probe-clips.js';
import { featuresDigest, ProbeFeatures, type ProbeSets, saveFeatures } from './probe-features.js';
import type { ProbeRun } from './probe-outcome.js';
import { type ProbeOutcome, writeProbeOutcome } from './probe-result.js';
import { finalHeads, runProbe } from './probe-run.js';
import { probePlan } from './probe-task.js';

/** What happens in a probe, for whoever shows it. */
export type ProbeEvent =
  | RunEvent<ProbeManifest>
  /** The frozen encoder has made the features of `done` of `total` clips. */
  | { readonly kind: 'features'; readonly done: number; readonly total: number };

export interface ProbeOptions {
  /** The version of Lacuna, for the manifest. */
  readonly version: string;
  /**
   * Opens where features are kept for the next probe, of a model by its digest.
   * @defaultValue they are kept nowhere
   */
  readonly openCache?: (model: string) => Promise<EmbeddingCache | undefined>;
  readonly onEvent?: (event: ProbeEvent) => void;
  /** Ends the probe after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

export interface ProbeResult extends Omit<LoopResult, 'problems'> {
  readonly folder: string;
  readonly manifest: ProbeManifest;
  /** Undefined where the signal ended it early. */
  readonly outcome: ProbeOutcome | undefined;
}

/**
 * Probes the encoder of a run: makes the features of all clips once, then trains heads on them through the
 * loop, in a folder of its own. Of several candidates the head is chosen on a part of the clips to learn from, and trained
 * again on all of them; the clips to judge by are looked at with that one alone.
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
  const digest = modelDigest(model);
  const cache = await options.openCache?.(digest);
  const kept = cache === undefined ? undefined : { cache, model: digest };
  const { pooling } = PROBE_RECIPES[settings.head ?? 'linear'];
  const made = (own: ProbeClips): Promise<FeatureSet> =>
    featuresOf(model, own, { pooling, kept }, options, problems);
  const sets = { train: await made(clips.train), test: await made(clips.test) };
  const manifest = manifestOf(model, clips, sets, settings, options.version);
  const folder = await RunFolder.create<'linear-probe'>(
    settings.output,
    manifest,
    async ({ features }) => {
      await saveFeatures(features, sets, manifest.classes);
      return { features: await featuresDigest(features) };
    },
  );
  try {
    for (const problem of problems) await folder.appendProblem(problem);
    return await run(folder, backend, options, false);
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
    const longer = longerSettings(folder.manifest.settings, steps);
    if (longer !== undefined) {
      const { settings } = folder.manifest;
      await folder.replaceManifest({ ...folder.manifest, settings: longer });
      onNote(
        `The probe is made longer, from ${settings.steps} to ${longer.steps} steps: the learning rate follows the longer schedule from here on.`,
      );
    }
    return await run(folder, backend, options, true);
  } finally {
    await folder.release();
  }
}

/** The settings of a probe that is made longer; undefined where it is not. */
function longerSettings(
  settings: ProbeSettings,
  steps: number | undefined,
): ProbeSettings | undefined {
  if (steps === undefined || steps === settings.steps) return undefined;
  const { rates = [], decays = [], epochs } = settings;
  const isPlain = epochs === undefined && rates.length <= 1 && decays.length <= 1;
  if (isPlain && steps > settings.steps) return { ...settings, steps };
  throw new LacunaError({
    where: '--steps',
    what: isPlain
      ? 'a probe that goes on can be made longer, not shorter'
      : 'only a probe of one candidate, whose steps are counted, can be made longer',
    got: String(steps),
    expected: `${isPlain ? 'at least ' : ''}${settings.steps}`,
    fix: 'Leave it out, or begin a new probe.',
  });
}

async function run(
  folder: RunFolder<'linear-probe'>,
  backend: Backend,
  { version, onEvent, signal }: ProbeOptions,
  resumes: boolean,
): Promise<ProbeResult> {
  const { path, manifest } = folder;
  await using features = await ProbeFeatures.open(folder.features, manifest);
  const { sets } = features;
  const own: ProbeRun = {
    folder,
    manifest,
    sets,
    backend,
    version,
    signal,
    resumes,
    onEvent: inFolder(folder, onEvent),
  };
  const { outcome, ...result } = await runProbe(own);
  if (outcome !== undefined) await writeProbeOutcome(path, outcome);
  return { folder: path, manifest, outcome, ...result };
}

function manifestOf(
  model: TrainedModel,
  clips: Record<'train' | 'test', ProbeClips>,
  sets: ProbeSets,
  given: ProbeSettings,
  version: string,
): ProbeManifest {
  const classes = probeClasses(sets.train, sets.test);
  const { steps } = probeLength(given, sets.train.labels.length);
  const settings = { ...given, steps: Math.max(1, steps) };
  const digest = (name: keyof ProbeSets): ProbeManifest['test'] => ({
    clips: sets[name].labels.length,
    digest: clips[name].digest,
  });
  const { frames, size, sampling, stride } = model.settings.clip;
  const { width, tokens } = sets.train;
  const facts = { settings, classes, width, ...(tokens === undefined ? {} : { tokens }) };
  const heads = tokens === undefined ? {} : { heads: model.settings.encoder.heads };
  const plan =
    given.head === 'knn'
      ? { programs: {}, calls: [], state: [], scratch: [] }
      : probePlan(finalHeads({ ...facts, ...heads }, sets.train), settings);
  return {
    ...describeTask(plan, model.backend, digest('train'), version),
    task: 'linear-probe',
    ...facts,
    ...heads,
    test: digest('test'),
    made:
      `${PROBE_RECIPES[given.head ?? 'linear'].pooling === 'mean' ? "the mean of the encoder's tokens" : "all of the encoder's tokens"}, ` +
      `nothing masked, of the middle clip of ${frames} frames (${sampling === 'dense' ? `stride ${stride}` : 'one a segment'}) of ${size} px, centre crop, nothing augmented`,
    features: '',
  };
}

/** The features of the clips that can be read; the others are told of and added to `problems`. */
async function featuresOf(
  model: TrainedModel,
  clips: ProbeClips,
  how: Pick<MakeFeaturesOptions, 'pooling' | 'kept'>,
  { onEvent, signal }: ProbeOptions,
  problems: DataProblem[],
): Promise<FeatureSet> {
  const set = await makeProbeFeatures(model, clips, {
    ...how,
    onProgress: (done, total) => {
      if (signal?.aborted === true) {
        throw new LacunaError({
          where: rootFolder(clips.root),
          what: 'stopped before all features were made, so no probe was begun',
        });
      }
      onEvent?.({ kind: 'features', done, total });
    },
    onProblem: (problem) => {
      problems.push(problem);
      onEvent?.({ kind: 'problem', ...problem });
    },
  });
  await refuseNotFinite(set);
  return set;
}
