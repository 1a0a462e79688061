import { LacunaError } from '../errors.js';
import type { InfoNceConfig } from '../objectives/info-nce.js';
import type { ReconstructionLossName } from '../objectives/reconstruction-losses.js';
import type { TargetKind } from '../objectives/targets.js';
import { add, type FloatType, reshape, transpose, type Value } from '../program/index.js';
import type { DecoderConfig } from './decoder.js';
import type { Mode } from './layers.js';
import { gridOf, patchify, type VideoConfig } from './patches.js';
import {
  alignment,
  decodedVideo,
  encodedVideo,
  type Features,
  maskedInput,
  reconstruction,
  targetsOf,
  textFeatures,
  videoFeatures,
} from './pretraining-pieces.js';
import { type Pooling, type ProjectionConfig, pool, projection } from './projection.js';
import { type Model, ModelBuilder } from './state.js';
import type { TextEncoderConfig } from './text-encoder.js';
import { patchTokens, seenCubesEncoder, type VideoEncoderConfig } from './video-encoder.js';

/** Reconstruction of masked cubes. */
export interface MaeObjective {
  readonly decoder: DecoderConfig;
  /** @defaultValue 'per-cube-channel' (VideoMAE, TGM) */
  readonly target?: TargetKind;
  /** @defaultValue 'mean-squared' (MAE, VideoMAE, TGM) */
  readonly loss?: ReconstructionLossName;
  /** The factor of its loss. @defaultValue 1 */
  readonly weight?: number;
}

/** A frozen teacher's text embeddings in place of a text encoder: they come with the data. */
export interface FrozenText {
  readonly frozen: true;
  /** E, the width of the teacher's embeddings. */
  readonly width: number;
}

/** Alignment of masked video with (masked) text. */
export interface ContrastiveObjective extends InfoNceConfig {
  /** An encoder that is trained along (MAC, CLIP), or a frozen teacher's embeddings (TGM). */
  readonly text: TextEncoderConfig | FrozenText;
  /** For frozen text usually `none`: the embedding as it is, normalised. */
  readonly textProjection: ProjectionConfig;
  readonly videoProjection: ProjectionConfig;
  /** @defaultValue 'mean' over the visible tokens (TGM); 'class' needs the encoder's class token (MAC) */
  readonly pool?: Pooling;
  /**
   * The factor of its loss. With 0 the loss is reported and not optimised (TGM, figure 4): nothing of
   * it reaches a gradient, and what it alone has (head, text encoder, temperature) stays as it began.
   * @defaultValue 1 (TGM 3.5)
   */
  readonly weight?: number;
}

/** What is trained: an encoder with one objective or both on the same encoder pass. */
export interface ModelConfig {
  readonly video: VideoConfig;
  readonly encoder: VideoEncoderConfig;
  readonly mae?: MaeObjective;
  readonly contrastive?: ContrastiveObjective;
}

/** Sizes of a step that are fixed when its program is built. */
export interface BatchShape {
  /** B, samples. */
  readonly batch: number;
  /** K, visible tokens of a sample; N - K are masked. */
  readonly visible: number;
  /** L, tokens of a caption; not for frozen text. @defaultValue the text encoder's length */
  readonly textLength?: number;
}

/**
 * The loss of a pretraining step. Inputs: `frames` u8 [B, T, H, W, 3], `visible` i32 [B, K],
 * `masked` i32 [B, N - K] (MAE), `text.ids` i32 [B, L] and `text.lengths` i32 [B] (contrastive) or
 * `text.embedding` f32 [B, E] (contrastive, frozen text), and `text.caption` i32 [B], equal where
 * captions are, where equal captions are positives.
 * Outputs: `loss`, and of each objective `loss.mae`, `loss.contrastive`; next statistics by name.
 */
export function pretrainingModel(
  config: ModelConfig,
  shape: BatchShape,
  float: FloatType = 'f32',
): Model {
  const { mae, contrastive } = config;
  const model = new ModelBuilder('pretraining', float);
  const clips = encodedVideo(model, config, shape);
  const terms: Value[] = [];
  if (mae !== undefined) terms.push(reconstruction(model, clips, config, mae, shape));
  if (contrastive !== undefined) {
    const features: Features = {
      video: () => videoFeatures(clips.encoded, config, contrastive),
      text: () => textFeatures(model, shape, contrastive),
    };
    terms.push(...alignment(model, features, contrastive, shape));
  }
  const [first, second] = terms;
  if (first === undefined) {
    throw new LacunaError({
      what: 'there is no objective to optimise',
      expected: 'mae, contrastive with a weight above 0, or both',
    });
  }
  model.program.output('loss', second === undefined ? first : add(first, second));
  return model.finish();
}

/** Clips to embeddings: `frames` and `visible` as in `pretrainingModel` to `embedding` [B, width]. */
export function videoEmbeddingModel(config: ModelConfig, shape: BatchShape): Model {
  const model = new ModelBuilder('video_embedding');
  const { encoded } = encodedVideo(model, config, shape);
  const embedding = videoEmbedding(model, encoded, config, requireContrastive(config), 'evaluate');
  model.program.output('embedding', embedding);
  return model.finish();
}

/** Captions to embeddings: `text.ids` and `text.lengths`, or `text.embedding`, to `embedding` [B, width]. */
export function textEmbeddingModel(
  config: ModelConfig,
  shape: Pick<BatchShape, 'batch' | 'textLength'>,
): Model {
  const model = new ModelBuilder('text_embedding');
  const embedding = textEmbedding(model, shape, requireContrastive(config), 'evaluate');
  model.program.output('embedding', embedding);
  return model.finish();
}

/**
 * What the embedding of a place is made of.
 * - `patch` (default): the clip's embedding where the encoder sees this place alone, in all slots. A
 *   model that learned from masked clips knows such input, and nothing of other places leaks in:
 *   TGM's form, each patch embedded by itself, without resizing.
 * - `frame`: the place's tokens of one pass over all places, averaged over the slots and projected as
 *   the pooled tokens are. Where tokens are pooled by their mean and the projection is linear, the
 *   clip's embedding is the normalised mean of what these rows are before they are normalised.
 */
export type PatchView = 'patch' | 'frame';

/**
 * Clips to an embedding of each place: `frames` u8 [B, T, H, W, 3] to `embedding` [B, places, width],
 * rows of length 1. `visible` i32 has the indices of all tokens, ascending: [B, N] for view `frame`;
 * [B * places, slots], of each place its own, for view `patch`.
 */
export function patchEmbeddingModel(
  config: ModelConfig,
  batch: number,
  view: PatchView = 'patch',
): Model {
  const contrastive = requireContrastive(config);
  const model = new ModelBuilder('patch_embedding');
  const { video, encoder } = config;
  const { slots, rows, columns } = gridOf(video);
  const places = rows * columns;
  const { videoProjection } = contrastive;
  /** [B, slots * places, x] to [B * places, slots, x]. */
  const byPlace = (tokens: Value): Value => {
    const width = tokens.shape[2] as number;
    const split = reshape(tokens, [batch, slots, places, width]);
    return reshape(transpose(split, [0, 2, 1, 3]), [batch * places, slots, width]);
  };
  let embedding: Value;
  if (view === 'frame') {
    const { encoded } = encodedVideo(model, config, { batch, visible: slots * places });
    const pooled = pool(byPlace(patchTokens(encoded, encoder)), 'mean');
    embedding = projection(model, 'projection.video', pooled, videoProjection, 'evaluate');
  } else {
    const { frames: length, size } = video;
    const frames = model.program.input('frames', 'u8', [batch, length, size, size, 3], 'data');
    const visible = model.program.input('visible', 'i32', [batch * places, slots], 'data');
    const cubes = model.scope('cubes', () => byPlace(patchify(frames, video)));
    const encoded = seenCubesEncoder(model, cubes, visible, video, encoder);
    embedding = videoEmbedding(model, encoded, config, contrastive, 'evaluate');
  }
  model.program.output('embedding', reshape(embedding, [batch, places, videoProjection.width]));
  return model.finish();
}

/** Clips to `prediction` and `target` [B, M, P] of the masked cubes, to look at. */
export function reconstructionModel(config: ModelConfig, shape: BatchShape): Model {
  const { mae } = config;
  if (mae === undefined) throw new LacunaError({ what: 'this model has no decoder' });
  const model = new ModelBuilder('reconstruction');
  const { cubes, visible, encoded } = encodedVideo(model, config, shape);
  const masked = maskedInput(model, config, shape);
  model.program.output('prediction', decodedVideo(model, encoded, visible, masked, config, mae));
  model.program.output('target', targetsOf(cubes, masked, config, mae));
  return model.finish();
}

function videoEmbedding(
  model: ModelBuilder,
  encoded: Value,
  config: ModelConfig,
  contrastive: ContrastiveObjective,
  mode: Mode,
): Value {
  const features = videoFeatures(encoded, config, contrastive);
  return projection(model, 'projection.video', features, contrastive.videoProjection, mode);
}

function textEmbedding(
  model: ModelBuilder,
  shape: Pick<BatchShape, 'batch' | 'textLength'>,
  contrastive: ContrastiveObjective,
  mode: Mode,
): Value {
  const features = textFeatures(model, shape, contrastive);
  return projection(model, 'projection.text', features, contrastive.textProjection, mode);
}

function requireContrastive({ contrastive }: ModelConfig): ContrastiveObjective {
  if (contrastive === undefined) {
    throw new LacunaError({
      what: 'this model was not trained to align video with text',
      fix: 'Train it with the objective contrastive or mae+contrastive.',
    });
  }
  return contrastive;
}
