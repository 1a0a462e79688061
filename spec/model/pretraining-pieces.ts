import { LacunaError } from '../errors.js';
import { infoNceLoss, temperatureScale } from '../objectives/info-nce.js';
import { RECONSTRUCTION_LOSSES } from '../objectives/reconstruction-losses.js';
import { targets } from '../objectives/targets.js';
import { gather, mul, type Value } from '../program/index.js';
import { decoder } from './decoder.js';
import { clipTokens, normalizePixels, patchify, toUnitRange } from './patches.js';
import type { BatchShape, ContrastiveObjective, MaeObjective, ModelConfig } from './pretraining.js';
import { pool, projection } from './projection.js';
import type { ModelBuilder } from './state.js';
import { textEncoder } from './text-encoder.js';
import { patchTokens, videoEncoder } from './video-encoder.js';

/** Clips behind the encoder. */
export interface EncodedVideo {
  readonly cubes: Value;
  readonly visible: Value;
  readonly encoded: Value;
}

/** What is aligned, before it is projected, [B, D]; each is made where the program has it. */
export interface Features {
  readonly video: () => Value;
  readonly text: () => Value;
}

/** The term of reconstruction, weighted; `loss.mae` is an output. */
export function reconstruction(
  model: ModelBuilder,
  { cubes, visible, encoded }: EncodedVideo,
  config: ModelConfig,
  mae: MaeObjective,
  shape: BatchShape,
): Value {
  const masked = maskedInput(model, config, shape);
  const prediction = decodedVideo(model, encoded, visible, masked, config, mae);
  const target = model.scope('target', () => targetsOf(cubes, masked, config, mae));
  const lossOf = RECONSTRUCTION_LOSSES[mae.loss ?? 'mean-squared'];
  const loss = model.scope('mae', () => lossOf(prediction, target));
  model.program.output('loss.mae', loss);
  return weighted(loss, mae.weight);
}

/** The term of alignment, weighted, or none where it is only watched; `loss.contrastive` is an output. */
export function alignment(
  model: ModelBuilder,
  features: Features,
  contrastive: ContrastiveObjective,
  shape: BatchShape,
): readonly Value[] {
  const { weight, temperature, videoProjection, textProjection } = contrastive;
  const align = (): Value => {
    const video = projection(model, 'projection.video', features.video(), videoProjection, 'train');
    const text = projection(model, 'projection.text', features.text(), textProjection, 'train');
    const scale = temperatureScale(model, temperature);
    const captions = captionNumbers(model, shape, contrastive);
    return model.scope('contrastive', () => infoNceLoss(text, video, scale, contrastive, captions));
  };
  const loss = weight === 0 ? model.withoutUpdates(align) : align();
  model.program.output('loss.contrastive', loss);
  // No product with 0: it would carry a NaN of what is only watched into the loss.
  return weight === 0 ? [] : [weighted(loss, weight)];
}

export function encodedVideo(
  model: ModelBuilder,
  { video, encoder }: ModelConfig,
  { batch, visible: count }: BatchShape,
): EncodedVideo {
  if (!Number.isInteger(count) || count < 1 || count > clipTokens(video)) {
    throw new LacunaError({
      what: 'the number of visible tokens is out of range',
      got: String(count),
      expected: `an integer in [1, ${clipTokens(video)}]`,
    });
  }
  const { frames: length, size } = video;
  const frames = model.program.input('frames', 'u8', [batch, length, size, size, 3], 'data');
  const visible = model.program.input('visible', 'i32', [batch, count], 'data');
  const cubes = model.scope('cubes', () => patchify(frames, video));
  return { cubes, visible, encoded: videoEncoder(model, cubes, visible, video, encoder) };
}

export function maskedInput(model: ModelBuilder, { video }: ModelConfig, shape: BatchShape): Value {
  const count = clipTokens(video) - shape.visible;
  if (count < 1)
    throw new LacunaError({ what: 'nothing is masked, so there is nothing to reconstruct' });
  return model.program.input('masked', 'i32', [shape.batch, count], 'data');
}

export function decodedVideo(
  model: ModelBuilder,
  encoded: Value,
  visible: Value,
  masked: Value,
  { video, encoder }: ModelConfig,
  mae: MaeObjective,
): Value {
  return decoder(model, patchTokens(encoded, encoder), visible, masked, video, mae.decoder);
}

export function targetsOf(
  cubes: Value,
  masked: Value,
  { video }: ModelConfig,
  { target = 'per-cube-channel' }: MaeObjective,
): Value {
  const pixels = toUnitRange(gather(cubes, masked, 1));
  return targets(target === 'per-patch' ? normalizePixels(pixels, video) : pixels, target);
}

export function videoFeatures(
  encoded: Value,
  { encoder }: ModelConfig,
  { pool: kind = 'mean' }: ContrastiveObjective,
): Value {
  if (kind === 'class' && encoder.classToken !== true) {
    throw new LacunaError({
      what: 'pooling by the class token needs one',
      fix: 'Set encoder.classToken, or pool by the mean.',
    });
  }
  return pool(kind === 'mean' ? patchTokens(encoded, encoder) : encoded, kind);
}

export function textFeatures(
  model: ModelBuilder,
  { batch, textLength }: Pick<BatchShape, 'batch' | 'textLength'>,
  { text }: ContrastiveObjective,
): Value {
  const { program } = model;
  if ('frozen' in text)
    return program.input('text.embedding', program.float, [batch, text.width], 'data');
  const ids = program.input('text.ids', 'i32', [batch, textLength ?? text.length], 'data');
  const lengths = program.input('text.lengths', 'i32', [batch], 'data');
  return textEncoder(model, ids, lengths, text);
}

/** The numbers of the captions, where the loss asks which are equal. */
function captionNumbers(
  { program }: ModelBuilder,
  { batch }: BatchShape,
  { equalCaptions }: ContrastiveObjective,
): Value | undefined {
  return equalCaptions === 'positives'
    ? program.input('text.caption', 'i32', [batch], 'data')
    : undefined;
}

function weighted(loss: Value, weight: number = 1): Value {
  return weight === 1 ? loss : mul(loss, weight);
}
