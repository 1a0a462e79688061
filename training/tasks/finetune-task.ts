import { oneCallPlan, type Plan } from '../../core/plan/index.js';
import { partedPlan } from '../../core/plan/parted-plan.js';
import {
  classifierConfig,
  classifierState,
  classifierTraining,
  finetuningOf,
} from '../../run/classifier.js';
import { ClassifierFeeds } from '../../run/feeds/classifier-feeds.js';
import { augmentedClipSampling } from '../../run/feeds/clip-sampling.js';
import type { HeadClasses } from '../../run/manifest.js';
import type { RunLists } from '../../run/run-list.js';
import type { RunSettings } from '../../run/settings/config.js';
import { runSchedule } from '../../run/settings/settings.js';
import type { InitialState } from '../../run/weights/initial-weights.js';
import { averagedName, classifierModel, type Model, withLayerDecay } from '../../spec/index.js';
import type { Task, TaskEvaluation } from '../task.js';
import { clipBatches, type LoadedBatch } from './clip-batches.js';

/** What a fine-tuning run has opened before it begins. */
export interface FinetuneParts {
  readonly heads: readonly HeadClasses[];
  readonly plan: Plan;
  /** How its parameters begin. */
  readonly initial: Pick<InitialState, 'read'>;
  readonly evaluation: TaskEvaluation | undefined;
}

/**
 * What a step of fine-tuning computes: `classifierModel` with a learning rate for each layer, and AdamW.
 * In microbatches the clips of each are mixed among themselves, as in VideoMAE's accumulation.
 *
 * @throws LacunaError for what this machine cannot hold.
 */
export function finetunePlan(settings: RunSettings, heads: readonly HeadClasses[]): Plan {
  classifierState(settings, heads);
  const {
    microbatches,
    recompute = false,
    optimizer,
    gradientNorm,
    lossScaling,
    encoder,
  } = settings;
  const { layerDecay, clipNorm, average, repeats } = finetuningOf(settings);
  const options = { optimizer, gradientNorm, lossScaling, clipNorm, average, recompute };
  const batch = (settings.batch * repeats) / microbatches;
  const { program, state } = classifierModel(
    classifierConfig(settings, heads),
    { batch },
    classifierTraining(settings),
  );
  const model: Model = { program, state: withLayerDecay(state, layerDecay, encoder.depth) };
  return microbatches === 1
    ? oneCallPlan(model, options)
    : partedPlan({ clips: model, state: model.state }, microbatches, options);
}

/** Fine-tuning as the loop sees it: clips are decoded ahead, and become frames, labels and draws. */
export function finetuneTask(
  settings: RunSettings,
  lists: RunLists,
  { heads, plan, initial, evaluation }: FinetuneParts,
): Task<LoadedBatch> {
  const { repeats } = finetuningOf(settings);
  const feeds = new ClassifierFeeds(settings, heads);
  return {
    plan,
    settings,
    schedule: runSchedule(settings, lists.list.records.length),
    clips: settings.batch * repeats,
    evaluation,
    // An average begins as what it is of.
    initial: async (spec) => {
      const name = averagedName(spec.name) ?? spec.name;
      return initial.read({ ...spec, name });
    },
    feeds: async ({ clips }) => feeds.feeds(clips),
    batches: clipBatches(settings, lists, augmentedClipSampling(settings), { repeats }),
  };
}
