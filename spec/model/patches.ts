import { LacunaError } from '../errors.js';
import { type Grid, tokenCount } from '../masking/grid.js';
import {
  cast,
  constant,
  div,
  formatType,
  mul,
  reshape,
  sub,
  transpose,
  type Value,
} from '../program/index.js';

/** A clip and how it is cut into cubes. */
export interface VideoConfig {
  /** T, frames of a clip. */
  readonly frames: number;
  /** Height and width of a frame in pixels. */
  readonly size: number;
  /** t, frames of a cube. */
  readonly tubelet: number;
  /** p, height and width of a cube in pixels. */
  readonly patch: number;
  /** Statistics of pixels in [0, 1], per channel. @defaultValue ImageNet's */
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
}

export const IMAGENET_MEAN: readonly [number, number, number] = [0.485, 0.456, 0.406];
export const IMAGENET_STD: readonly [number, number, number] = [0.229, 0.224, 0.225];
const CHANNELS = 3;

/** The grid of a clip. @throws LacunaError where cubes do not tile it. */
export function gridOf({ frames, size, tubelet, patch }: VideoConfig): Grid {
  if (frames % tubelet !== 0 || size % patch !== 0) {
    throw new LacunaError({
      what: 'cubes do not tile the clip',
      got: `${frames} frames of ${size} pixels in cubes of ${tubelet} x ${patch} x ${patch}`,
      expected: 'frames a multiple of the tubelet, size a multiple of the patch',
    });
  }
  return { slots: frames / tubelet, rows: size / patch, columns: size / patch };
}

/** N, the number of tokens of a clip. */
export function clipTokens(video: VideoConfig): number {
  return tokenCount(gridOf(video));
}

/** P, the number of values of a cube: t * p * p * 3. */
export function cubeSize({ tubelet, patch }: VideoConfig): number {
  return tubelet * patch * patch * CHANNELS;
}

/**
 * Frames [B, T, H, W, 3] to cubes [B, N, P], P in the order (frame, row, column, channel).
 * Source: VideoMAE engine_for_pretraining.py, `b (t h w) (p0 p1 p2) c`.
 */
export function patchify(frames: Value, video: VideoConfig): Value {
  const { slots, rows, columns } = gridOf(video);
  const { tubelet, patch, size } = video;
  const [batch] = frames.shape;
  if (frames.shape.length !== 5 || frames.shape[1] !== video.frames || frames.shape[2] !== size) {
    throw new LacunaError({
      where: frames.name,
      what: 'the frames do not fit the configuration',
      got: formatType(frames),
      expected: `[B,${video.frames},${size},${size},${CHANNELS}]`,
    });
  }
  const split = reshape(frames, [
    batch as number,
    slots,
    tubelet,
    rows,
    patch,
    columns,
    patch,
    CHANNELS,
  ]);
  const ordered = transpose(split, [0, 1, 3, 5, 2, 4, 6, 7]);
  return reshape(ordered, [batch as number, slots * rows * columns, cubeSize(video)]);
}

/** u8 pixels to float in [0, 1]: x / 255. */
export function toUnitRange(pixels: Value): Value {
  return div(cast(pixels, pixels.builder.float), 255);
}

/** (x - mean) / std per channel for cubes [B, K, P] in [0, 1]. */
export function normalizePixels(cubes: Value, video: VideoConfig): Value {
  const [batch, count, size] = cubes.shape as [number, number, number];
  const perChannel = reshape(cubes, [batch, count, size / CHANNELS, CHANNELS]);
  const { mean = IMAGENET_MEAN, std = IMAGENET_STD } = video;
  const center = constant(cubes.builder, mean, { dtype: cubes.dtype });
  const scale = constant(
    cubes.builder,
    std.map((s) => 1 / s),
    { dtype: cubes.dtype },
  );
  return reshape(mul(sub(perChannel, center), scale), cubes.shape);
}

/**
 * The inverse of `patchify` on the host: cubes [N, P] of one clip to frames [T, H, W, 3].
 * Any numeric array will do; the result has the type of the argument.
 */
export function unpatchify<A extends Float32Array | Uint8Array>(cubes: A, video: VideoConfig): A {
  const { slots, rows, columns } = gridOf(video);
  const { tubelet, patch, size } = video;
  const frames = cubes.slice() as A;
  const row = patch * CHANNELS;
  let source = 0;
  for (let slot = 0; slot < slots; slot++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (let dt = 0; dt < tubelet; dt++)
          for (let di = 0; di < patch; di++) {
            const y = i * patch + di;
            const target = (((slot * tubelet + dt) * size + y) * size + j * patch) * CHANNELS;
            frames.set(cubes.subarray(source, source + row), target);
            source += row;
          }
  return frames;
}
