import { LacunaError } from '../errors.js';
import type { Crop, FrameSampling, PresetSchedule } from '../model/presets.js';
import type { AdamWConfig } from '../optim/adamw.js';

/** What a recipe says of fine-tuning itself. */
export interface RecipeTraining {
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

/** A named way of fine-tuning: what a codebase or a paper does on a data set. */
export interface Recipe {
  /** Where the numbers are from, and what was chosen where the source is silent. */
  readonly source: string;
  readonly stride: number;
  readonly sampling: FrameSampling;
  readonly crop: Crop;
  readonly flip: boolean;
  /** Clips of a global batch; repeated augmentations do not count. */
  readonly batch: number;
  readonly optimizer: Required<AdamWConfig>;
  readonly schedule: PresetSchedule;
  readonly finetuning: RecipeTraining;
}

export const RECIPE_NAMES = [
  'k400',
  'ssv2',
  'ucf101',
  'hmdb51',
  'diving48',
  'epic',
  'tgm-k400',
  'tgm-ssv2',
  'plain',
] as const;
export type RecipeName = (typeof RECIPE_NAMES)[number];

const VIDEOMAE: Recipe = {
  source:
    'VideoMAE, scripts/kinetics, ViT-B after 1,600 epochs: rate 5e-4 for 256, 6 x 64 clips, 75 epochs, two augmentations of each clip; ' +
    'layer decay 0.75, drop path 0.1, mixup 0.8, cutmix 1.0, smoothing 0.1, RandAugment rand-m7-n4-mstd0.5-inc1, erasing 0.25; 5 x 3 views',
  stride: 4,
  sampling: 'window',
  crop: 'inception',
  flip: true,
  batch: 384,
  optimizer: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.05 },
  schedule: { baseLearningRate: 5e-4, minimumLearningRate: 1e-6, epochs: 75, warmupEpochs: 5 },
  finetuning: {
    layerDecay: 0.75,
    dropPath: 0.1,
    dropout: 0,
    smoothing: 0.1,
    mixup: 0.8,
    cutmix: 1,
    mixProbability: 1,
    switchProbability: 0.5,
    headScale: 0.001,
    clipNorm: 0,
    average: 0,
    augmentLayers: 4,
    augmentMagnitude: 7,
    augmentDeviation: 0.5,
    erasing: 0.25,
    repeats: 2,
    views: { clips: 5, crops: 3 },
  },
};

const SSV2: Recipe = {
  ...VIDEOMAE,
  source:
    'VideoMAE, scripts/ssv2, ViT-B: rate 5e-4 for 256, 6 x 64 clips, 30 epochs, two augmentations of each clip; one frame a segment, ' +
    'no mirror; else as k400; 2 x 3 views',
  stride: 2,
  sampling: 'tsn',
  flip: false,
  schedule: { ...VIDEOMAE.schedule, epochs: 30 },
  finetuning: { ...VIDEOMAE.finetuning, views: { clips: 2, crops: 3 } },
};

const UCF101: Recipe = {
  ...VIDEOMAE,
  source:
    'VideoMAE on UCF101: layer decay 0.7, drop path 0.2, dropout 0.5, 100 epochs; rate 5e-4 for 256, a batch of 64 and one augmentation ' +
    "of each clip are this project's choices; else as k400",
  batch: 64,
  schedule: { ...VIDEOMAE.schedule, epochs: 100 },
  finetuning: {
    ...VIDEOMAE.finetuning,
    layerDecay: 0.7,
    dropPath: 0.2,
    dropout: 0.5,
    repeats: 1,
  },
};

/** The recipes by name. */
export const RECIPES: Readonly<Record<RecipeName, Recipe>> = {
  k400: VIDEOMAE,
  ssv2: SSV2,
  ucf101: UCF101,
  hmdb51: {
    ...UCF101,
    source: "as ucf101, for half as many epochs: this project's choice, no source prints HMDB51",
    schedule: { ...UCF101.schedule, epochs: 50 },
  },
  diving48: {
    ...SSV2,
    source:
      "as ssv2, which is about motion too: this project's choice, TGM prints a linear probe only",
  },
  epic: {
    ...VIDEOMAE,
    source:
      "as k400, with a head for the verb and one for the noun: this project's choice, TGM prints no recipe for EPIC-Kitchens",
    flip: false,
  },
  'tgm-k400': {
    ...VIDEOMAE,
    source:
      'TGM, table 9: rate 1e-3 for 256, batch 384, 75 epochs, mirror; what it does not print as k400',
    schedule: { ...VIDEOMAE.schedule, baseLearningRate: 1e-3 },
  },
  'tgm-ssv2': {
    ...SSV2,
    source:
      'TGM, table 9: rate 5e-4 for 256, batch 384, 30 epochs, no mirror; what it does not print as ssv2',
  },
  plain: {
    ...VIDEOMAE,
    source:
      'nothing but the loss: no mixing, no smoothing, nothing left out, no augmentation, centre crops. For small data and for tests',
    crop: 'centre',
    flip: false,
    batch: 16,
    schedule: { ...VIDEOMAE.schedule, epochs: 10, warmupEpochs: 1 },
    finetuning: {
      ...VIDEOMAE.finetuning,
      dropPath: 0,
      smoothing: 0,
      mixup: 0,
      cutmix: 0,
      headScale: 1,
      augmentLayers: 0,
      erasing: 0,
      repeats: 1,
      views: { clips: 1, crops: 1 },
    },
  },
};

/**
 * The configuration that a recipe stands for: what a person sets beside it takes its place.
 * @throws LacunaError that lists the recipes that exist.
 */
export function recipeConfig(name: string): Record<string, unknown> {
  if (!Object.hasOwn(RECIPES, name)) {
    throw new LacunaError({
      where: 'finetuning.recipe',
      what: 'there is no recipe of this name',
      got: `"${name}"`,
      expected: `one of ${RECIPE_NAMES.join(', ')}`,
    });
  }
  const { stride, sampling, crop, flip, batch, optimizer, schedule } = RECIPES[name as RecipeName];
  return {
    objective: 'mae',
    clip: { stride, sampling, crop, flip },
    batch,
    optimizer,
    schedule,
    finetuning: { recipe: name },
  };
}
