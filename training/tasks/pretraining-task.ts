import type { ProcessGroup } from '../../core/group.js';
import { type Plan, trainingPlan } from '../../core/plan/index.js';
import { BatchFeeds, type TextSide } from '../../run/feeds/batch-feeds.js';
import { maskedClipSampling } from '../../run/feeds/clip-sampling.js';
import type { SimilarityGuide } from '../../run/feeds/similarity-guide.js';
import type { StepMetrics } from '../../run/run-folder.js';
import { clipsWithSharedCaptions, type RunLists } from '../../run/run-list.js';
import { capabilitiesOf } from '../../run/settings/capabilities.js';
import type { RunSettings } from '../../run/settings/config.js';
import { modelConfig, modelState, runSchedule, videoConfig } from '../../run/settings/settings.js';
import type { InitialState } from '../../run/weights/initial-weights.js';
import { gridOf, maskCounts } from '../../spec/index.js';
import type { Task, TaskEvaluation } from '../task.js';
import { clipBatches, type LoadedBatch } from './clip-batches.js';

/** What a pretraining run has opened before it begins. */
export interface PretrainingParts {
  readonly text: TextSide;
  /** The maps of text-guided masks. */
  readonly guide: SimilarityGuide | undefined;
  readonly plan: Plan;
  /** How its state begins. */
  readonly initial: Pick<InitialState, 'read'>;
  readonly evaluation: TaskEvaluation | undefined;
  /** The processes that train it together. @defaultValue this one alone */
  readonly group?: ProcessGroup | undefined;
}

/** Pretraining as the loop sees it: clips are decoded ahead, and become frames, masks and text. */
export function pretrainingTask(
  settings: RunSettings,
  lists: RunLists,
  { text, guide, plan, initial, evaluation, group }: PretrainingParts,
): Task<LoadedBatch> {
  const { records } = lists.list;
  const feeds = new BatchFeeds(settings, records, text, guide);
  const countsEqual = capabilitiesOf(settings).aligns && clipsWithSharedCaptions(records) > 0;
  const needsCaptions = countsEqual || settings.contrastive.equalCaptions === 'positives';
  return {
    plan,
    settings,
    schedule: runSchedule(settings, records.length),
    clips: settings.batch,
    evaluation,
    initial: (spec) => initial.read(spec),
    feeds: ({ clips, captions }) => feeds.feeds(clips, captions),
    metrics: ({ motion, captions }) => ({
      ...motionSources(motion),
      ...(countsEqual ? { counts: { equal_captions: equalCaptions(captions) } } : {}),
    }),
    batches: clipBatches(settings, lists, maskedClipSampling(settings), {
      group,
      captions: (clips) => (needsCaptions ? feeds.captions(clips) : []),
    }),
  };
}

/** What a step of the run computes. @throws LacunaError for what this machine cannot hold. */
export function pretrainingPlan(settings: RunSettings, vocabulary: number): Plan {
  modelState(settings, vocabulary);
  const { visible } = maskCounts(settings.mask, gridOf(videoConfig(settings)));
  const shape = { batch: settings.batch, visible };
  const { optimizer, microbatches, recompute = false, gradientNorm, lossScaling } = settings;
  return trainingPlan(modelConfig(settings, vocabulary), shape, {
    optimizer,
    microbatches,
    recompute,
    gradientNorm,
    lossScaling,
  });
}

/** How many captions of a batch another clip of it has, too. */
function equalCaptions(captions: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const caption of captions) counts.set(caption, (counts.get(caption) ?? 0) + 1);
  return captions.filter((caption) => (counts.get(caption) ?? 0) > 1).length;
}

/** How many clips of a batch had their motion from where; nothing for a mask without motion. */
function motionSources(sources: readonly string[]): Pick<StepMetrics, 'motion'> {
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
