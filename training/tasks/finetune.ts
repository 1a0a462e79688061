import type { Backend } from '../../core/backend.js';
import type { Plan } from '../../core/plan/index.js';
import { checkDataFolder } from '../../data/index.js';
import { classifierConfig } from '../../run/classifier.js';
import { describeTask, programDigests } from '../../run/describe-run.js';
import { headsOf } from '../../run/feeds/clip-labels.js';
import type { DataDigest, FinetuneManifest, HeadClasses } from '../../run/manifest.js';
import { RunFolder } from '../../run/run-folder.js';
import { type RunLists, readRunLists } from '../../run/run-list.js';
import { type GivenPaths, placedSettings } from '../../run/run-paths.js';
import type { RunSettings } from '../../run/settings/config.js';
import { runSchedule } from '../../run/settings/settings.js';
import { type PlannedWeights, RunWeights } from '../../run/weights/begin-weights.js';
import { InitialState } from '../../run/weights/initial-weights.js';
import { classifierModel, LacunaError, type StateSpec } from '../../spec/index.js';
import { type LoopResult, train } from '../loop.js';
import { inFolder, type RunEvent } from '../run-event.js';
import { finetuneEvaluation, type JudgedClips, openJudgedClips } from './finetune-evaluation.js';
import { finetunePlan, finetuneTask } from './finetune-task.js';
import { requireStepMemory } from './step-memory.js';

/** What happens in a fine-tuning run, for whoever shows it. */
export type FinetuneEvent = RunEvent<FinetuneManifest>;

export interface FinetuneOptions {
  /** The version of Lacuna, for the manifest. */
  readonly version: string;
  readonly onEvent?: (event: FinetuneEvent) => void;
  /** Ends the run after the current step, with a checkpoint. */
  readonly signal?: AbortSignal;
}

export interface FinetuneResult extends LoopResult {
  readonly folder: string;
  readonly manifest: FinetuneManifest;
  /** With the paths of now. */
  readonly settings: RunSettings;
}

/**
 * Fine-tunes a classifier on an encoder, in a new run folder: `settings` have the section `finetuning`,
 * `encoder.init` says where the encoder comes from, or else it is drawn. The trajectory is a function of the
 * settings, the data and the backend; where that is deterministic, bit for bit.
 *
 * @throws LacunaError for settings, labels or data that cannot be used, and as `train`.
 */
export async function finetune(
  settings: RunSettings,
  backend: Backend,
  options: FinetuneOptions,
): Promise<FinetuneResult> {
  const onNote = notesOf(options);
  const lists = await readRunLists(settings, onNote);
  // Before anything is written: a folder without its videos leaves no run behind.
  for (const { root, records } of lists.sources) await checkDataFolder(root, records);
  const heads = headsOf(lists.list.records, settings.data.list);
  const judged = await openJudgedClips(settings, heads, onNote);
  const plan = finetunePlan(settings, heads);
  runSchedule(settings, lists.list.records.length);
  requireStepMemory(settings, plan, backend.info, (microbatches) =>
    finetunePlan({ ...settings, microbatches }, heads),
  );
  const weights = await RunWeights.open(settings, onNote);
  try {
    const planned = await weights.plan(encoderState(settings, heads));
    const manifest: FinetuneManifest = {
      ...describeTask(plan, backend, lists.data, options.version),
      task: 'finetune',
      settings,
      heads,
      ...(judged === undefined ? {} : { evaluation: judged.data }),
    };
    const folder = await RunFolder.create<'finetune'>(settings.output, manifest, (created) =>
      saveWeights(created, planned, onNote),
    );
    try {
      const parts = { settings, lists, heads, plan, judged, backend, folder, options };
      return await run({ ...parts, resumes: false });
    } finally {
      await folder.release();
    }
  } finally {
    await weights.close();
  }
}

/** What may differ in a fine-tuning run that goes on. */
export interface FinetuneChanges {
  readonly paths?: GivenPaths;
  readonly workers?: number;
}

/**
 * Continues the fine-tuning in a folder from its last good checkpoint, by its own manifest.
 *
 * @throws LacunaError where the folder holds no such run, another process holds it, or its data have
 * changed; and as `finetune`.
 */
export async function resumeFinetuning(
  path: string,
  backend: Backend,
  options: FinetuneOptions,
  { paths, workers }: FinetuneChanges = {},
): Promise<FinetuneResult> {
  const onNote = notesOf(options);
  const folder = await RunFolder.resume(path, 'finetune', onNote);
  try {
    const { manifest } = folder;
    const { heads, programs } = manifest;
    const placed = await placedSettings(path, manifest, paths);
    const settings =
      workers === undefined ? placed : { ...placed, data: { ...placed.data, workers } };
    const plan = finetunePlan(settings, heads);
    // Before anything is read that the manifest names: a stranger's model may be of any size.
    requireStepMemory(settings, plan, backend.info, (microbatches) =>
      finetunePlan({ ...settings, microbatches }, heads),
    );
    const lists = await readRunLists(settings, onNote, manifest.data);
    requireSameHeads(headsOf(lists.list.records, settings.data.list), heads, path);
    const judged = await openJudgedClips(settings, heads, onNote, evaluationDigest(manifest));
    if (JSON.stringify(programDigests(plan)) !== JSON.stringify(programs)) {
      onNote(
        'The programs of this version differ from those that the run began with: its trajectory will too.',
      );
    }
    const parts = { settings, lists, heads, plan, judged, backend, folder, options };
    return await run({ ...parts, resumes: true });
  } finally {
    await folder.release();
  }
}

interface Run {
  readonly settings: RunSettings;
  readonly lists: RunLists;
  readonly heads: readonly HeadClasses[];
  readonly plan: Plan;
  readonly judged: JudgedClips | undefined;
  readonly backend: Backend;
  readonly folder: RunFolder<'finetune'>;
  readonly options: FinetuneOptions;
  readonly resumes: boolean;
}

async function run({
  settings,
  lists,
  heads,
  plan,
  judged,
  backend,
  ...run
}: Run): Promise<FinetuneResult> {
  const { folder, options, resumes } = run;
  const { path, manifest } = folder;
  const initial = new InitialState(folder.initial, manifest);
  const evaluation =
    judged === undefined ? undefined : finetuneEvaluation(settings, heads, judged, backend);
  try {
    const result = await train(
      finetuneTask(settings, lists, { heads, plan, initial, evaluation }),
      {
        backend,
        folder,
        resumes,
        signal: options.signal,
        onEvent: inFolder(folder, options.onEvent),
      },
    );
    return { folder: path, manifest, settings, ...result };
  } finally {
    await initial.close();
  }
}

/**
 * The state that weights are taken for: with the norm behind the encoder that pretraining has. The
 * classifier has its own in its place, behind the pooling, and does not read this one.
 */
function encoderState(settings: RunSettings, heads: readonly HeadClasses[]): readonly StateSpec[] {
  const config = classifierConfig(settings, heads);
  const { state } = classifierModel(
    config,
    { batch: 1 },
    { smoothing: 0, mixes: false, dropPath: 0, dropout: 0 },
  );
  const { finalNorm = true, width } = settings.encoder;
  const norm = (['weight', 'bias'] as const).map(
    (name): StateSpec => ({
      name: `encoder.norm.${name}`,
      shape: [width],
      role: 'parameter',
      init: { kind: 'constant', value: name === 'weight' ? 1 : 0 },
      decay: false,
    }),
  );
  return finalNorm ? [...state, ...norm] : state;
}

async function saveWeights(
  created: RunFolder<'finetune'>,
  planned: PlannedWeights | undefined,
  onNote: (text: string) => void,
): Promise<Partial<FinetuneManifest>> {
  if (planned === undefined) return {};
  onNote(`Weights are taken: ${planned.sentence()}`);
  return { weights: await planned.save(created) };
}

function evaluationDigest({ evaluation }: FinetuneManifest): DataDigest['digest'] {
  // A list that a manifest names and has no digest of is a stranger's: none fits it.
  return evaluation?.digest ?? '';
}

function requireSameHeads(
  found: readonly HeadClasses[],
  known: readonly HeadClasses[],
  where: string,
): void {
  if (JSON.stringify(found) === JSON.stringify(known)) return;
  throw new LacunaError({
    where,
    what: 'the classes of the list are not those that the run began with',
    got: found.map(({ name, classes }) => `${classes.length} of ${name}`).join(', '),
    expected: known.map(({ name, classes }) => `${classes.length} of ${name}`).join(', '),
    fix: 'Restore the list, or begin a new run.',
  });
}

function notesOf({ onEvent }: FinetuneOptions): (text: string) => void {
  return (text) => onEvent?.({ kind: 'note', text });
}
