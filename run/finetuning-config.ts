import {
  LacunaError,
  type PresetSchedule,
  RECIPES,
  type RecipeName,
  recipeConfig,
} from '../spec/index.js';
import type { RunSettings } from './settings/config.js';

/** How long a person wants a run to be, in place of the recipe's length. */
export interface WantedLength {
  readonly steps?: number | undefined;
  readonly epochs?: number | undefined;
}

/**
 * The configuration that fine-tunes by a recipe.
 *
 * @param pretrained The settings of the run whose encoder it begins with: the classifier has its clips.
 * @param length The warm-up keeps the recipe's share of it.
 * @throws LacunaError for a recipe that does not exist, and for a length that is said twice.
 */
export function finetuningConfig(
  recipe: string,
  pretrained: RunSettings | undefined,
  length: WantedLength,
): Record<string, unknown> {
  const { clip, schedule, ...rest } = recipeConfig(recipe);
  const { frames, size, tubelet, patch, mean, std } = pretrained?.clip ?? {};
  const seen = { frames, size, tubelet, patch, mean, std };
  const known = Object.entries(seen).filter(([, value]) => value !== undefined);
  return {
    ...rest,
    clip: { ...(clip as object), ...Object.fromEntries(known) },
    // Nothing is masked; a ratio of 0 leaves an objective of reconstruction nothing to do.
    mask: { kind: 'tube', ratio: 0.5 },
    schedule: { ...rates(schedule as PresetSchedule), ...lengthOf(recipe as RecipeName, length) },
  };
}

function rates({ epochs: _, warmupEpochs: __, ...own }: PresetSchedule): object {
  return own;
}

function lengthOf(recipe: RecipeName, { steps, epochs }: WantedLength): object {
  const { warmupEpochs, epochs: usual } = RECIPES[recipe].schedule;
  if (steps !== undefined && epochs !== undefined) {
    throw new LacunaError({ where: '--epochs', what: '--steps and --epochs exclude each other' });
  }
  const share = warmupEpochs / usual;
  if (steps !== undefined) {
    return { steps, warmupSteps: Math.round(share * steps) };
  }
  return epochs === undefined
    ? { epochs: usual, warmupEpochs }
    : { epochs, warmupEpochs: Math.min(warmupEpochs, Math.ceil(share * epochs)) };
}
