import {
  add,
  broadcast,
  concat,
  gather,
  iota,
  reshape,
  slice,
  type Value,
} from '../program/index.js';
import { layerNormLayer, linearLayer } from './layers.js';
import {
  clipTokens,
  cubeSize,
  gridOf,
  normalizePixels,
  toUnitRange,
  type VideoConfig,
} from './patches.js';
import { type EmbeddingStart, embeddingInit, type ModelBuilder, ZEROS } from './state.js';
import { type BlockForm, NORM_EPS, type TransformerConfig, transformer } from './transformer.js';

/** Where position embeddings come from: see `VideoEncoderConfig`. */
export const POSITIONS = ['sinusoid', 'learned', 'learned-zero-slots'] as const;
export type Positions = (typeof POSITIONS)[number];

/** Which tokens of a clip attend to which: see `VideoEncoderConfig`. */
export const VIDEO_ATTENTIONS = ['joint', 'divided'] as const;
export type VideoAttention = (typeof VIDEO_ATTENTIONS)[number];

export interface VideoEncoderConfig extends TransformerConfig {
  /**
   * `sinusoid`: VideoMAE's fixed table over the flattened index. `learned`: one embedding a place
   * plus one a slot, both drawn at the start (MAE-ST). `learned-zero-slots`: the same, and the slots'
   * start at 0 (Frozen-in-Time, MAC). @defaultValue 'sinusoid'
   */
  readonly positions?: Positions;
  /**
   * `joint`: every visible token attends to all (VideoMAE). `divided`: first to those of its place in all
   * slots, then to those of its slot (Frozen-in-Time); it needs masks that are the same in every slot:
   * see `dividedAttention`. @defaultValue 'joint'
   */
  readonly attention?: VideoAttention;
  /** How the embedding of patches starts. @defaultValue 'fan-in' (VideoMAE, Frozen-in-Time) */
  readonly patchStart?: EmbeddingStart;
  /** Whether a class token stands in front of the visible ones (MAC). @defaultValue false */
  readonly classToken?: boolean;
  /** Whether a norm stands between the embeddings and the first block (CLIP's `pre_layrnorm`). @defaultValue false */
  readonly embeddingNorm?: boolean;
  /** Whether a layer norm follows the last block. @defaultValue true */
  readonly finalNorm?: boolean;
}

const TOKEN_STD = 0.02;

/**
 * The encoder on the visible tokens only: cubes u8 [B, N, P] and their indices i32 [B, K] to
 * [B, K, D] (or [B, 1 + K, D] with a class token). Masked cubes cannot influence the result: they
 * are never read.
 */
export function videoEncoder(
  model: ModelBuilder,
  cubes: Value,
  visible: Value,
  video: VideoConfig,
  config: VideoEncoderConfig,
): Value {
  return model.scope('encoder', () =>
    encodeSeen(model, gather(cubes, visible, 1), visible, video, config),
  );
}

/**
 * The encoder on all cubes of a clip as pixels in [0, 1], f32 [B, N, P], with what becomes of the
 * blocks' branches: see `BlockForm.branch`.
 */
export function wholeClipEncoder(
  model: ModelBuilder,
  cubes: Value,
  video: VideoConfig,
  config: VideoEncoderConfig,
  branch?: BlockForm['branch'],
): Value {
  const [batch, count] = cubes.shape as [number, number];
  const form = branch === undefined ? {} : { branch };
  return model.scope('encoder', () =>
    encodePixels(model, cubes, iota(model.program, [batch, count], 1), video, config, form),
  );
}

/**
 * The encoder on cubes that were gathered before: seen u8 [B, K, P], the cubes at `visible`
 * i32 [B, K] of a clip.
 */
export function seenCubesEncoder(
  model: ModelBuilder,
  seen: Value,
  visible: Value,
  video: VideoConfig,
  config: VideoEncoderConfig,
): Value {
  return model.scope('encoder', () => encodeSeen(model, seen, visible, video, config));
}

function encodeSeen(
  model: ModelBuilder,
  seen: Value,
  visible: Value,
  video: VideoConfig,
  config: VideoEncoderConfig,
): Value {
  return encodePixels(model, toUnitRange(seen), visible, video, config);
}

function encodePixels(
  model: ModelBuilder,
  seen: Value,
  visible: Value,
  video: VideoConfig,
  config: VideoEncoderConfig,
  form: Pick<BlockForm, 'branch'> = {},
): Value {
  const pixels = normalizePixels(seen, video);
  const { width, patchStart = 'fan-in' } = config;
  const start = embeddingInit(patchStart, cubeSize(video), width);
  const embedded = linearLayer(model, 'patch', pixels, width, start);
  const placed = add(embedded, positions(model, visible, video, config));
  const embeddings = config.classToken === true ? withClassToken(model, placed) : placed;
  const norm = (name: string, x: Value): Value =>
    layerNormLayer(model, name, x, config.normEps ?? NORM_EPS);
  const tokens =
    config.embeddingNorm === true
      ? model.scope('embed', () => norm('norm', embeddings))
      : embeddings;
  const divided = { slots: gridOf(video).slots, classToken: config.classToken === true };
  const encoded = transformer(
    model,
    tokens,
    config,
    config.attention === 'divided' ? { ...form, divided } : form,
  );
  return config.finalNorm === false ? encoded : norm('norm', encoded);
}

function positions(
  model: ModelBuilder,
  visible: Value,
  video: VideoConfig,
  { width, positions: kind = 'sinusoid' }: VideoEncoderConfig,
): Value {
  const count = clipTokens(video);
  if (kind === 'sinusoid') return gather(positionTable(model, count, width), visible, 0);
  const { slots, rows, columns } = gridOf(video);
  const init = { kind: 'normal', std: TOKEN_STD } as const;
  const place = model.parameter('positions.place', [1, rows * columns, width], init, {
    decay: false,
  });
  const slotInit = kind === 'learned' ? init : ZEROS;
  const slot = model.parameter('positions.slot', [slots, 1, width], slotInit, { decay: false });
  return gather(reshape(add(place, slot), [count, width]), visible, 0);
}

/** VideoMAE's position table [N, D], as an input called `positions` in the current scope. */
export function positionTable(model: ModelBuilder, count: number, width: number): Value {
  return model.table('positions', [count, width], `sinusoid(${count},${width})`);
}

/** The class token has no position: MAC gives it (0, 0), which a learned token absorbs. */
function withClassToken(model: ModelBuilder, tokens: Value): Value {
  const [batch, , width] = tokens.shape as [number, number, number];
  const init = { kind: 'normal', std: TOKEN_STD } as const;
  const token = model.parameter('class', [width], init);
  return concat([broadcast(token, [batch, 1, width]), tokens], 1);
}

/** The visible tokens without the class token. */
export function patchTokens(encoded: Value, config: VideoEncoderConfig): Value {
  return config.classToken === true ? slice(encoded, 1, 1, encoded.shape[1] as number) : encoded;
}

/** P and N of the cubes that the encoder reads. */
export function cubesShape(batch: number, video: VideoConfig): readonly [number, number, number] {
  return [batch, clipTokens(video), cubeSize(video)];
}
