import { z } from 'zod';
import { MASK_KIND_NAMES } from '../../spec/masking/kinds.js';
import { ROUNDINGS } from '../../spec/masking/rounding.js';
import { OBJECTIVES, PRESETS } from '../../spec/model/presets.js';
import { RECONSTRUCTION_LOSS_NAMES } from '../../spec/objectives/reconstruction-losses.js';
import type { RunConfig } from './config.js';

/** No side of a model, clip or run is larger: a slip of the finger shall not fill the memory. */
const MOST = 1_000_000;

const count = z.int().min(1).max(MOST);
const countOrZero = z.int().min(0).max(MOST);
const rate = z.number().min(0).max(1);
const ratio = z.number().min(0).lt(1);
const weight = z.number().gt(0).max(1e6);
const path = z.string().min(1).max(4096);

const transformer = {
  width: count.exactOptional(),
  depth: z.int().min(1).max(1000).exactOptional(),
  heads: count.exactOptional(),
  mlpRatio: z.number().gt(0).max(64).exactOptional(),
  normEps: z.number().gt(0).max(1).exactOptional(),
  activation: z.enum(['gelu', 'quick-gelu']).exactOptional(),
  keyBias: z.boolean().exactOptional(),
};

const projection = z.strictObject({
  kind: z.enum(['linear', 'relu-linear', 'mlp', 'mlp-bn', 'none']).exactOptional(),
  width: count.exactOptional(),
  hidden: count.exactOptional(),
  bias: z.boolean().exactOptional(),
});

const temperature = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed'), value: z.number().gt(0).max(100) }),
  z.strictObject({
    kind: z.literal('learned'),
    initial: z.number().gt(0).max(1).exactOptional(),
    maximumScale: z.number().min(1).max(1e6).exactOptional(),
  }),
]);

// Which numbers these may be, `resolveSettings` says: see `activeLossScaling`.
const lossScaling = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('fixed'), scale: z.number() }),
  z.strictObject({
    kind: z.literal('dynamic'),
    initial: z.number().exactOptional(),
    growthInterval: z.number().exactOptional(),
    minimum: z.number().exactOptional(),
    maximum: z.number().exactOptional(),
  }),
]);

const rounding = z.enum(ROUNDINGS as [(typeof ROUNDINGS)[number]]).exactOptional();

/** The form of a configuration. `parseConfig` applies it with messages that help. */
export const CONFIG_SCHEMA: z.ZodType<RunConfig> = z.strictObject({
  preset: z.enum(Object.keys(PRESETS) as [keyof typeof PRESETS]).exactOptional(),
  objective: z.enum(OBJECTIVES as [(typeof OBJECTIVES)[number]]).exactOptional(),
  data: z.strictObject({
    list: path,
    root: path.exactOptional(),
    workers: z.int().min(1).max(256).exactOptional(),
    tokenizer: path.exactOptional(),
    similarity: path.exactOptional(),
  }),
  output: path,
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).exactOptional(),
  clip: z
    .strictObject({
      frames: z.int().min(1).max(4096).exactOptional(),
      size: z.int().min(1).max(4096).exactOptional(),
      tubelet: count.exactOptional(),
      patch: count.exactOptional(),
      stride: count.exactOptional(),
      sampling: z.enum(['dense', 'tsn']).exactOptional(),
      crop: z.enum(['multi-scale', 'centre']).exactOptional(),
      flip: z.boolean().exactOptional(),
    })
    .exactOptional(),
  encoder: z
    .strictObject({
      ...transformer,
      positions: z.enum(['sinusoid', 'learned']).exactOptional(),
      classToken: z.boolean().exactOptional(),
      finalNorm: z.boolean().exactOptional(),
    })
    .exactOptional(),
  decoder: z
    .strictObject({
      ...transformer,
      finalNormEps: z.number().gt(0).max(1).exactOptional(),
    })
    .exactOptional(),
  mae: z
    .strictObject({
      target: z.enum(['per-cube-channel', 'per-patch', 'raw']).exactOptional(),
      loss: z.enum(RECONSTRUCTION_LOSS_NAMES).exactOptional(),
      weight: weight.exactOptional(),
    })
    .exactOptional(),
  text: z
    .strictObject({
      ...transformer,
      length: z.int().min(2).max(65_536).exactOptional(),
      attention: z.enum(['full', 'causal']).exactOptional(),
      pool: z.enum(['first', 'last']).exactOptional(),
      vocabulary: count.exactOptional(),
    })
    .exactOptional(),
  contrastive: z
    .strictObject({
      temperature: temperature.exactOptional(),
      directions: z.enum(['mean', 'sum']).exactOptional(),
      pool: z.enum(['mean', 'class']).exactOptional(),
      videoProjection: projection.exactOptional(),
      textProjection: projection.exactOptional(),
      weight: z.number().min(0).max(1e6).exactOptional(),
      teacher: path.exactOptional(),
    })
    .exactOptional(),
  mask: z
    .strictObject({
      kind: z.enum(MASK_KIND_NAMES).exactOptional(),
      ratio: ratio.exactOptional(),
      rounding,
      motion: z
        .strictObject({
          source: z.enum(['auto', 'codec', 'block-matching', 'raft']).exactOptional(),
          raft: path.exactOptional(),
          camera: z.enum(['keep', 'compensate']).exactOptional(),
        })
        .exactOptional(),
      frames: z.enum(['mean', 'first', 'max']).exactOptional(),
      ties: z.enum(['first', 'random']).exactOptional(),
    })
    .exactOptional(),
  textMask: z
    .strictObject({
      mode: z.enum(['replace', 'drop']).exactOptional(),
      ratio: ratio.exactOptional(),
      rounding,
    })
    .exactOptional(),
  pairing: z.enum(['own', 'shuffled']).exactOptional(),
  batch: z.int().min(1).max(65_536).exactOptional(),
  microbatches: z.int().min(1).max(65_536).exactOptional(),
  optimizer: z
    .strictObject({
      beta1: ratio.exactOptional(),
      beta2: ratio.exactOptional(),
      eps: z.number().gt(0).max(1).exactOptional(),
      weightDecay: rate.exactOptional(),
    })
    .exactOptional(),
  schedule: z
    .strictObject({
      baseLearningRate: rate.exactOptional(),
      minimumLearningRate: rate.exactOptional(),
      epochs: count.exactOptional(),
      steps: z.int().min(1).max(1e9).exactOptional(),
      warmupEpochs: countOrZero.exactOptional(),
      warmupSteps: z.int().min(0).max(1e9).exactOptional(),
      warmup: z.enum(['videomae', 'mae']).exactOptional(),
    })
    .exactOptional(),
  gradientNorm: z.boolean().exactOptional(),
  lossScaling: lossScaling.exactOptional(),
  checkpoints: z
    .strictObject({
      everySteps: z.int().min(1).max(1e9).exactOptional(),
      keep: z.int().min(1).max(1000).exactOptional(),
    })
    .exactOptional(),
  backend: z
    .strictObject({
      name: z.string().min(1).max(64).exactOptional(),
      device: z.string().min(1).max(64).exactOptional(),
      threads: z.int().min(1).max(1024).exactOptional(),
      precision: z.enum(['f32', 'mixed']).exactOptional(),
    })
    .exactOptional(),
});

/** The JSON Schema (draft 2020-12) of a configuration file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(CONFIG_SCHEMA), title: 'Lacuna pretraining configuration' };
}
