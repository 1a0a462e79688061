import type { RandomStream } from '../random/index.js';

/** RandAugment: how many operations, and how strong. */
export interface RandAugmentConfig {
  /** Operations that are drawn, with repetition; each is then done for half of the clips. 0 is none. */
  readonly layers: number;
  /** The mean magnitude, in [0, 10]. */
  readonly magnitude: number;
  /** Its standard deviation. */
  readonly deviation: number;
}

/** The operations, in the order in which one is drawn. */
export const AUGMENTATIONS = [
  'auto-contrast',
  'equalize',
  'invert',
  'rotate',
  'posterize',
  'solarize',
  'solarize-add',
  'color',
  'contrast',
  'brightness',
  'sharpness',
  'shear-x',
  'shear-y',
  'translate-x',
  'translate-y',
] as const;
export type AugmentationName = (typeof AUGMENTATIONS)[number];

/** An operation on all frames of a clip. */
export interface Augmentation {
  readonly name: AugmentationName;
  /**
   * Degrees, a share of the side, a slope, a factor, a threshold, a number of bits or what is added; 0 for those
   * that have none.
   */
  readonly level: number;
}

/** The largest magnitude. */
const MOST = 10;
/** How often a drawn operation is done. */
const DONE = 0.5;

/** What a magnitude in [0, 10] comes to; `sign` is 1 or -1, for those that have two directions. */
const LEVELS: Readonly<Record<AugmentationName, (m: number, sign: number) => number>> = {
  'auto-contrast': () => 0,
  equalize: () => 0,
  invert: () => 0,
  rotate: (m, sign) => sign * (m / MOST) * 30,
  posterize: (m) => 4 - Math.trunc((m / MOST) * 4),
  solarize: (m) => 256 - Math.trunc((m / MOST) * 256),
  'solarize-add': (m) => Math.trunc((m / MOST) * 110),
  color: (m, sign) => 1 + sign * (m / MOST) * 0.9,
  contrast: (m, sign) => 1 + sign * (m / MOST) * 0.9,
  brightness: (m, sign) => 1 + sign * (m / MOST) * 0.9,
  sharpness: (m, sign) => 1 + sign * (m / MOST) * 0.9,
  'shear-x': (m, sign) => sign * (m / MOST) * 0.3,
  'shear-y': (m, sign) => sign * (m / MOST) * 0.3,
  'translate-x': (m, sign) => sign * (m / MOST) * 0.45,
  'translate-y': (m, sign) => sign * (m / MOST) * 0.45,
};

/** What an operation is at a magnitude. */
export function augmentationLevel(name: AugmentationName, magnitude: number, sign: 1 | -1): number {
  return LEVELS[name](Math.min(MOST, Math.max(0, magnitude)), sign);
}

/**
 * The operations on a clip. Each of `layers` times four draws, whatever comes of them: the operation, one of 15; a
 * uniform number (it is done where that is below 1/2); the magnitude, normal, cut to [0, 10]; the direction, one of 2.
 *
 * Source: timm and SlowFast's rand_augment.py, `rand-m7-n4-mstd0.5-inc1` of VideoMAE's scripts.
 */
export function drawAugmentations(
  { layers, magnitude, deviation }: RandAugmentConfig,
  draw: RandomStream,
): readonly Augmentation[] {
  const chosen: Augmentation[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const name = AUGMENTATIONS[draw.integer(AUGMENTATIONS.length)] as AugmentationName;
    const isDone = draw.uniform() < DONE;
    const own = magnitude + draw.normal(deviation);
    const sign = draw.integer(2) === 0 ? 1 : -1;
    if (isDone) chosen.push({ name, level: augmentationLevel(name, own, sign) });
  }
  return chosen;
}
