import { join } from 'node:path';
import type { HostTensor } from '../core/backend.js';
import type { StateSpec } from '../spec/index.js';
import { type Checkpoint, lastGoodCheckpoint } from './checkpoint.js';
import type { RunManifest } from './manifest.js';
import type { RunSettings } from './settings/config.js';
import { modelState, stagesOf } from './settings/settings.js';

/** A stage of a run, with the steps that come before it. */
export interface RunStage {
  readonly settings: RunSettings;
  /** Its place among the stages, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
  /** What it is called; undefined in a run without stages. */
  readonly name: string | undefined;
  /** Steps of the stages before it. */
  readonly before: number;
}

/** The stages of a run; one that has none is one. @param settings Those of the manifest, with the paths of now. */
export function runStages(
  { stages: records = [] }: Pick<RunManifest, 'stages'>,
  settings: RunSettings,
): readonly RunStage[] {
  const all = stagesOf(settings);
  let steps = 0;
  return all.map(({ name, ...own }, index) => {
    const before = steps;
    steps += records[index]?.steps ?? 0;
    return { settings: own, index, count: all.length, name, before };
  });
}

/** The stage that step `step` (of the whole run, from 1) belongs to; before the first step it is the first. */
export function stageAt(stages: readonly RunStage[], step: number): RunStage {
  const found = stages.findLast(({ before }) => before < step) ?? stages[0];
  return found as RunStage;
}

/** The manifest of a run as that of one of its stages: what it says of the model and its clips is the stage's. */
export function stageManifest(manifest: RunManifest, { settings, index }: RunStage): RunManifest {
  const record = manifest.stages?.[index];
  if (record === undefined) return { ...manifest, settings };
  const { data, tokens, programs } = record;
  return { ...manifest, settings, data, tokens, programs };
}

/** The last good checkpoint of a run, and the manifest as of the stage that it was written in. */
export async function newestStage(
  folder: string,
  manifest: RunManifest,
  onNote: (text: string) => void,
): Promise<{ readonly manifest: RunManifest; readonly checkpoint: Checkpoint | undefined }> {
  const stages = runStages(manifest, manifest.settings);
  // Which stage's it is, the checkpoint tells: no file is larger than those of all of them.
  const states = stages.flatMap((stage) => modelState(stage.settings, manifest.vocabulary));
  const checkpoint = await lastGoodCheckpoint(join(folder, 'checkpoints'), onNote, states);
  const stage = stageAt(stages, checkpoint?.step ?? 0);
  return { manifest: stageManifest(manifest, stage), checkpoint };
}

/** The table of a video encoder's slots: [S, 1, D]. */
const SLOTS = 'encoder.positions.slot';

/**
 * How a tensor of a stage begins, from what the stage before it ended with. Parameters, statistics and
 * averages go on as they are. A table of slots keeps its first rows, and rows for slots that are new are
 * zeros, as Frozen-in-Time starts them (`load_temporal_fix` `zeros`); of more rows than there are slots the
 * first ones are kept. Optimiser and loss scale begin anew, as in the sources, where each stage is a run of
 * its own that takes the weights of the one before.
 *
 * @param former The state of the stage before.
 * @param read Reads a tensor of its last checkpoint.
 * @param fresh How the tensor begins in a run of its own.
 */
export async function continueStage(
  spec: StateSpec,
  former: readonly StateSpec[],
  read: (spec: StateSpec) => Promise<HostTensor>,
  fresh: (spec: StateSpec) => Promise<HostTensor>,
): Promise<HostTensor> {
  const own = former.find(({ name }) => name === spec.name);
  if (own === undefined || !KEPT.includes(spec.role)) return fresh(spec);
  const tensor = await read(own);
  if (spec.name !== SLOTS || String(own.shape) === String(spec.shape)) return tensor;
  const count = spec.shape.reduce((product, n) => product * n, 1);
  const data = new Float32Array(count);
  data.set((tensor.data as Float32Array).subarray(0, count));
  return { dtype: 'f32', shape: spec.shape, data };
}

const KEPT: readonly StateSpec['role'][] = ['parameter', 'statistic', 'average'];
