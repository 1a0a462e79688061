import type { FeaturePooling } from '../spec/index.js';

/** The heads that a frozen encoder is probed with. */
export const PROBE_HEADS = ['linear', 'mae', 'attentive', 'knn'] as const;
export type ProbeHead = (typeof PROBE_HEADS)[number];

/** How a head is trained, as its source has it; each number can be another. */
export interface ProbeRecipe {
  /** For people. */
  readonly title: string;
  /** What it reads of a clip: one vector, or all tokens. */
  readonly pooling: FeaturePooling;
  readonly optimizer: 'adamw' | 'lars';
  /** Highest rates; each of them with each decay is a candidate. None: nothing is trained. */
  readonly rates: readonly number[];
  readonly decays: readonly number[];
  /** Whether a rate is that of 256 clips, and grows with the batch. */
  readonly scalesRate: boolean;
  /** Clips of a step. @defaultValue all */
  readonly batch?: number;
  /** @defaultValue `steps` are counted */
  readonly epochs?: number;
  readonly steps?: number;
  /** The share of the steps that the rate rises over. */
  readonly warmup: number;
  readonly source: string;
}

export const PROBE_RECIPES: Readonly<Record<ProbeHead, ProbeRecipe>> = {
  linear: {
    title: 'linear, by AdamW on all clips at once',
    pooling: 'mean',
    optimizer: 'adamw',
    rates: [0.002, 0.02, 0.2],
    decays: [0, 0.01],
    scalesRate: false,
    steps: 300,
    warmup: 0.1,
    source: 'its own; batch norm without affine parameters as in MAE',
  },
  mae: {
    title: "linear, by MAE's recipe: LARS, momentum 0.9, trust 0.001",
    pooling: 'mean',
    optimizer: 'lars',
    rates: [0.1],
    decays: [0],
    scalesRate: true,
    batch: 256,
    epochs: 90,
    warmup: 1 / 9,
    source: 'MAE main_linprobe.py; features are made once, so that nothing is augmented',
  },
  attentive: {
    title: 'attentive, as V-JEPA 2: query pooling behind blocks',
    pooling: 'none',
    optimizer: 'adamw',
    rates: [0.005, 0.003, 0.001, 0.0003, 0.0001],
    decays: [0.01, 0.1, 0.4, 0.8],
    scalesRate: false,
    batch: 32,
    epochs: 20,
    warmup: 0,
    source: 'V-JEPA 2 configs/eval/vitl/ssv2.yaml (batches of 256 there, of which fewer fit here)',
  },
  knn: {
    title: 'k nearest neighbours by cosine, votes weighed at temperature 0.07',
    pooling: 'mean',
    optimizer: 'adamw',
    rates: [],
    decays: [],
    scalesRate: false,
    warmup: 0,
    source: 'DINO eval_knn.py',
  },
};

/** A rate and a decay. */
export interface ProbeChoice {
  readonly rate: number;
  readonly decay: number;
}

/** Every rate with every decay, the rates of the first decay first. */
export function probeChoices(
  rates: readonly number[],
  decays: readonly number[],
): readonly ProbeChoice[] {
  return decays.flatMap((decay) => rates.map((rate) => ({ rate, decay })));
}
