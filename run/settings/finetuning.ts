import { z } from 'zod';
import { MOST_ALPHA } from '../../spec/finetuning/mix.js';
import type { RecipeName, RecipeTraining } from '../../spec/finetuning/recipes.js';
import { RECIPE_NAMES, RECIPES } from '../../spec/finetuning/recipes.js';
import { type Overrides, rate, ratio } from './section.js';

/** How a classifier is fine-tuned, beside what every run has: model, clip, optimiser, schedule. */
export interface FinetuningSettings extends RecipeTraining {
  /** What its numbers start from. */
  readonly recipe: RecipeName;
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
