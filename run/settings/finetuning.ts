import { z } from 'zod';
import { MOST_ALPHA } from '../../spec/finetuning/mix.js';
import type { RecipeName } from '../../spec/finetuning/recipes.js';
import { RECIPE_NAMES, RECIPES } from '../../spec/finetuning/recipes.js';
import { type Overrides, rate, ratio } from './section.js';

/** How a classifier is fine-tuned, beside what every run has: model, clip, optimiser, schedule. */
export interface FinetuningSettings {
  /** What its numbers start from. */
  readonly recipe: RecipeName;
  /** See `withLayerDecay`. */
  readonly layerDecay: number;
  /** The rate of the last block: see `dropPathRates`. */
  readonly dropPath: number;
  /** The rate of dropout before the head. */
  readonly dropout: number;
  /** eps of label smoothing. */
  readonly smoothing: number;
  /** alpha of mixup; 0 turns it off. */
  readonly mixup: number;
  /** alpha of cutmix; 0 turns it off. */
  readonly cutmix: number;
  /** How many of the batches are mixed. */
  readonly mixProbability: number;
  /** Where both are on, the share of cutmix. */
  readonly switchProbability: number;
  /** What the drawn weights of a head are multiplied by. */
  readonly headScale: number;
  /** The most that the norm of all gradients is; 0 leaves them as they are. */
  readonly clipNorm: number;
  /** The decay of a moving average of the weights, by which the model is then judged; 0 keeps none. */
  readonly average: number;
  /** Operations of RandAugment on a clip; 0 turns it off. */
  readonly augmentLayers: number;
  /** Their magnitude, in [0, 10], and its standard deviation. */
  readonly augmentMagnitude: number;
  readonly augmentDeviation: number;
  /** How many of the clips have a box erased. */
  readonly erasing: number;
  /** Augmentations of each clip of a batch, which the batch does not count. */
  readonly repeats: number;
  /** Clips of a video, in time, and crops of a frame that a video is judged by. */
  readonly views: { readonly clips: number; readonly crops: number };
}

const views = z.strictObject({
  clips: z.int().min(1).max(100).exactOptional(),
  crops: z.int().min(1).max(100).exactOptional(),
});

export const FINETUNING_SCHEMA: z.ZodType<Overrides<FinetuningSettings>> = z.strictObject({
  recipe: z.enum(RECIPE_NAMES).exactOptional(),
  layerDecay: z.number().gt(0).max(1).exactOptional(),
  dropPath: ratio.exactOptional(),
  dropout: ratio.exactOptional(),
  smoothing: ratio.exactOptional(),
  mixup: z.number().min(0).max(MOST_ALPHA).exactOptional(),
  cutmix: z.number().min(0).max(MOST_ALPHA).exactOptional(),
  mixProbability: rate.exactOptional(),
  switchProbability: rate.exactOptional(),
  headScale: z.number().gt(0).max(1000).exactOptional(),
  clipNorm: z.number().min(0).max(1e6).exactOptional(),
  average: ratio.exactOptional(),
  augmentLayers: z.int().min(0).max(16).exactOptional(),
  augmentMagnitude: z.number().min(0).max(10).exactOptional(),
  augmentDeviation: z.number().min(0).max(10).exactOptional(),
  erasing: rate.exactOptional(),
  repeats: z.int().min(1).max(16).exactOptional(),
  views: views.exactOptional(),
});

/** The section with every choice made; a run without it is not fine-tuned. */
export function resolveFinetuning(own: Overrides<FinetuningSettings> | undefined): {
  readonly finetuning?: FinetuningSettings;
} {
  if (own === undefined) return {};
  const { recipe = 'k400', views: ownViews, ...rest } = own;
  const { finetuning } = RECIPES[recipe];
  return {
    finetuning: { ...finetuning, ...rest, recipe, views: { ...finetuning.views, ...ownViews } },
  };
}
