import { LacunaError } from '../spec/index.js';
import { capabilitiesOf } from './settings/capabilities.js';
import type { RunSettings } from './settings/config.js';

/** How a run is tuned that begins with a masked one. */
export interface Tuning {
  /** Where its numbers are from. */
  readonly source: string;
  /** Of the masked run's rate, for the same batch. */
  readonly rate: number;
  /** Frames of a clip: so many times the masked run's. */
  readonly frames: number;
  /** How long it is, in epochs or as a share of the masked run. */
  readonly length: { readonly epochs: number } | { readonly share: number };
  /** The warm-up's share of it. */
  readonly warmup: number;
}

/** The names of the tunings. */
export const TUNING_NAMES = ['retrieval', 'flip'] as const;
export type TuningName = (typeof TUNING_NAMES)[number];

/**
 * Both train on whole clips and whole captions, as retrieval sees them, from the masked run's weights,
 * heads included.
 */
export const TUNINGS: Readonly<Record<TuningName, Tuning>> = {
  retrieval: {
    source:
      "fine-tuning for retrieval: a tenth of the rate, twice the frames, five epochs are this project's choices, after Frozen in Time and CLIP4Clip, which tune unmasked towers at low rates for a few epochs",
    rate: 1 / 10,
    frames: 2,
    length: { epochs: 5 },
    warmup: 1 / 5,
  },
  flip: {
    source:
      "FLIP's unmasked tuning: a hundredth of the rate (4e-8 beside 4e-6) and of the length (100 beside 10,000 virtual epochs), a fifth of it warm-up, on the same data",
    rate: 1 / 100,
    frames: 1,
    length: { share: 1 / 100 },
    warmup: 1 / 5,
  },
};

/**
 * The configuration that tunes a masked run for retrieval: its sizes and choices, nothing masked, and
 * the tuning's frames, rate and length. Where its data lie, its folder and its evaluations are not taken over.
 *
 * @param masked The settings of the run that it begins with.
 * @throws LacunaError for a run that was not aligned with text.
 */
export function tuningConfig(
  masked: RunSettings,
  { rate, frames, length, warmup }: Tuning,
): Record<string, unknown> {
  if (!capabilitiesOf(masked).aligns) {
    throw new LacunaError({
      what: 'a run is tuned for retrieval that was aligned with text',
      got: `the objective ${masked.objective}`,
      fix: 'Begin an aligned run with its weights: lacuna pretrain --objective contrastive --init RUN.',
    });
  }
  const { preset, seed, clip, encoder, decoder, mae, text, contrastive, schedule } = masked;
  const { teacherWidth: _, ...alignment } = contrastive;
  // Its weights come from the masked run, wherever that had its own from.
  const { init: __, ...videoTower } = encoder;
  const { init: ___, ...textTower } = text;
  const { epochs, steps } = schedule;
  return {
    ...{ preset, seed, decoder, mae, objective: 'contrastive' },
    encoder: videoTower,
    text: textTower,
    clip: { ...clip, frames: clip.frames * frames },
    contrastive: alignment,
    mask: { kind: 'tube', ratio: 0, rounding: masked.mask.rounding },
    textMask: { ...masked.textMask, ratio: 0 },
    pairing: masked.pairing,
    batch: masked.batch,
    optimizer: masked.optimizer,
    backend: masked.backend,
    schedule: {
      baseLearningRate: schedule.baseLearningRate * rate,
      minimumLearningRate: 0,
      warmup: schedule.warmup,
      decay: { kind: 'cosine' },
      ...lengthOf(length, epochs, steps, warmup),
    },
  };
}

function lengthOf(
  length: Tuning['length'],
  epochs: number | undefined,
  steps: number | undefined,
  warmup: number,
): object {
  if ('epochs' in length) {
    return { epochs: length.epochs, warmupEpochs: Math.round(warmup * length.epochs) };
  }
  const shorter = Math.max(1, Math.round((epochs ?? steps ?? 1) * length.share));
  const rise = Math.round(warmup * shorter);
  return epochs === undefined
    ? { steps: shorter, warmupSteps: rise }
    : { epochs: shorter, warmupEpochs: rise };
}
