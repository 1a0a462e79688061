import { LacunaError } from '../errors.js';
import { dropElements, dropPath } from '../model/drop-path.js';
import { layerNormLayer, linearLayer } from '../model/layers.js';
import { patchify, toUnitRange, type VideoConfig } from '../model/patches.js';
import { pool } from '../model/projection.js';
import { type Model, ModelBuilder } from '../model/state.js';
import { NORM_EPS } from '../model/transformer.js';
import { patchTokens, type VideoEncoderConfig, wholeClipEncoder } from '../model/video-encoder.js';
import { add, type FloatType, mean, softmax, type Value } from '../program/index.js';
import { mixClips } from './mix.js';
import { softCrossEntropy, softTargets } from './soft-labels.js';

/** What a clip is classified by: one head has its class, EPIC-Kitchens has a verb and a noun. */
export interface ClassifierHead {
  /** In names of inputs and parameters: small letters, digits and `_`. */
  readonly name: string;
  /** C. */
  readonly classes: number;
}

/** A video encoder with a head for each label that is told. */
export interface ClassifierConfig {
  readonly video: VideoConfig;
  readonly encoder: VideoEncoderConfig;
  readonly heads: readonly ClassifierHead[];
  /** What the drawn weights of a head are multiplied by. @defaultValue 1 (VideoMAE's scripts: 0.001) */
  readonly headScale?: number;
}

/** What fine-tuning does to a classifier while it is trained. */
export interface ClassifierTraining {
  /** eps of label smoothing. */
  readonly smoothing: number;
  /** Whether the clips of a batch are mixed: see `drawMix`. */
  readonly mixes: boolean;
  /** The rate of the last block: see `dropPathRates`. */
  readonly dropPath: number;
  /** The rate of dropout before the heads. */
  readonly dropout: number;
}

/** The standard deviation of a head's weights before they are scaled. */
const HEAD_STD = 0.02;

/**
 * The loss of a fine-tuning step. Inputs: `frames` u8 [B, T, H, W, 3]; of each head `labels.NAME` i32 [B];
 * where clips are mixed `mix.weights` [H, W] and `mix.share` (`mixWeights`, `drawMix`), the same for all parts of a
 * batch; where branches are left out `drop_path.uniform` [B, 2 L]; with dropout `dropout.uniform` [B, D].
 * Output `loss`, the sum over the heads of `softCrossEntropy`, and with several heads `loss.NAME` of each.
 *
 * Source: VideoMAE modeling_finetune.py and engine_for_finetuning.py.
 */
export function classifierModel(
  config: ClassifierConfig,
  { batch }: { readonly batch: number },
  training: ClassifierTraining,
  float: FloatType = 'f32',
): Model {
  const model = new ModelBuilder('classifier', float);
  const { program } = model;
  const { encoder, heads, video } = config;
  const { smoothing, mixes, dropPath: rate, dropout } = training;
  const frames = framesInput(model, batch, video);
  const uniforms = (name: string, columns: number): Value =>
    program.input(`${name}.uniform`, program.float, [batch, columns], 'data');
  const mix = mixes
    ? {
        weights: program.input('mix.weights', program.float, [video.size, video.size], 'schedule'),
        share: program.input('mix.share', program.float, [], 'schedule'),
      }
    : undefined;
  const branch =
    rate === 0
      ? undefined
      : dropPath(uniforms('drop_path', 2 * encoder.depth), rate, encoder.depth);
  const mixed = model.scope('mix', () => {
    const pixels = toUnitRange(frames);
    return mix === undefined ? pixels : mixClips(pixels, mix.weights);
  });
  const pooled = pooledFeatures(model, mixed, config, branch);
  const features =
    dropout === 0 ? pooled : dropElements(pooled, uniforms('dropout', encoder.width), dropout);
  const losses = heads.map(({ name, classes }) => {
    const labels = program.input(`labels.${name}`, 'i32', [batch], 'data');
    const logits = headLogits(model, features, name, classes, config.headScale);
    return model.scope(`loss.${name}`, () =>
      softCrossEntropy(logits, labels, softTargets(labels, classes, smoothing, mix?.share)),
    );
  });
  if (heads.length > 1) {
    losses.forEach((loss, index) => {
      program.output(`loss.${heads[index]?.name}`, loss);
    });
  }
  program.output(
    'loss',
    losses.reduce((a, b) => add(a, b)),
  );
  return model.finish();
}

/** The classifier as it judges: `frames` u8 [B, T, H, W, 3] to `logits.NAME` f32 [B, C] of each head. */
export function classifierLogits(
  config: ClassifierConfig,
  { batch }: { readonly batch: number },
  float: FloatType = 'f32',
): Model {
  const model = new ModelBuilder('classifier_logits', float);
  const frames = framesInput(model, batch, config.video);
  const features = pooledFeatures(model, toUnitRange(frames), config);
  for (const { name, classes } of config.heads)
    model.program.output(`logits.${name}`, headLogits(model, features, name, classes, 1));
  return model.finish();
}

/**
 * What several views of a clip say together: logits [V, C] to the mean over the views of softmax, [C].
 * Source: VideoMAE engine_for_finetuning.py, `merge`.
 */
export function mergeViews(logits: Value): Value {
  return mean(softmax(logits), [0]);
}

/** `mergeViews` as a model without parameters: `logits` [V, C] to `probabilities` [C]. */
export function viewMergeModel(views: number, classes: number, float: FloatType = 'f32'): Model {
  const model = new ModelBuilder('merge_views', float);
  const logits = model.program.input('logits', float, [views, classes], 'data');
  model.program.output('probabilities', mergeViews(logits));
  return model.finish();
}

function framesInput(model: ModelBuilder, batch: number, { frames, size }: VideoConfig): Value {
  return model.program.input('frames', 'u8', [batch, frames, size, size, 3], 'data');
}

/** fc_norm(mean over tokens) [B, D] of clips in [0, 1]; there is no other norm behind the blocks. */
function pooledFeatures(
  model: ModelBuilder,
  pixels: Value,
  { video, encoder, heads }: ClassifierConfig,
  branch?: ReturnType<typeof dropPath>,
): Value {
  requireHeads(heads);
  const whole: VideoEncoderConfig = { ...encoder, finalNorm: false };
  const cubes = model.scope('cubes', () => patchify(pixels, video));
  const tokens = patchTokens(wholeClipEncoder(model, cubes, video, whole, branch), whole);
  return model.scope('classifier', () =>
    layerNormLayer(model, 'norm', pool(tokens, 'mean'), encoder.normEps ?? NORM_EPS),
  );
}

function headLogits(
  model: ModelBuilder,
  features: Value,
  name: string,
  classes: number,
  scale = 1,
): Value {
  const init = { kind: 'normal', std: HEAD_STD * scale } as const;
  return model.scope('classifier', () =>
    linearLayer(model, `head.${name}`, features, classes, { init }),
  );
}

function requireHeads(heads: readonly ClassifierHead[]): void {
  const bad = heads.find(({ name, classes }) => !/^[a-z][a-z0-9_]*$/.test(name) || classes < 2);
  if (heads.length > 0 && bad === undefined) return;
  throw new LacunaError({
    what: 'a classifier needs a head of at least two classes',
    got: bad === undefined ? 'no head' : `head "${bad.name}" of ${bad.classes}`,
  });
}
