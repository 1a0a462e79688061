import type { Clip } from '../../data/loader/clip.js';
import type { ClipMotion } from '../../data/motion/motion-request.js';
import type { ClipSampling } from '../../data/sampling/clip-sampling.js';
import {
  drawMask,
  type Grid,
  LacunaError,
  MASK_KINDS,
  type Mask,
  type MaskConfig,
  type MaskMap,
  sampleWord,
} from '../../spec/index.js';
import { motionRequest } from '../feeds/motion-request.js';
import type { MotionConfig } from '../settings/motion.js';

/** Which mask is drawn over a clip of which form. */
export interface ClipMaskRequest {
  readonly mask: MaskConfig;
  readonly motion: MotionConfig;
  readonly clip: {
    readonly frames: number;
    readonly size: number;
    readonly tubelet: number;
    readonly patch: number;
    readonly stride: number;
  };
  readonly seed: number;
  readonly epoch: number;
  /** The sample's id, which its draws depend on. */
  readonly id: string;
}

/** The clip that a map is made for. */
export interface MappedClip {
  /** RGB [T, size, size, 3]. */
  readonly video: Uint8Array;
  readonly frames: number;
  readonly size: number;
  readonly tubelet: number;
  readonly patch: number;
  readonly grid: Grid;
}

/** A clip as it was read, with the map of its motion where one was asked for. */
export type ReadClip = Pick<Clip, 'video' | 'frameIndices' | 'crop' | 'flip' | 'motion'>;

/** Reads the middle clip of a video, cropped in the centre (`evaluationClip`). */
export type ClipSource = (
  sampling: Pick<ClipSampling, 'frames' | 'size' | 'rule' | 'motion'>,
) => Promise<ReadClip>;

/** Makes the similarity map [slots, rows * columns] of a clip, cut out of its video as it was. */
export type SimilaritySource = (
  clip: MappedClip & Pick<Clip, 'frameIndices' | 'crop' | 'flip'>,
) => Promise<Int16Array>;

export interface ClipMask extends MappedClip {
  readonly mask: Mask;
  readonly map?: MaskMap;
  readonly motionSource?: ClipMotion['source'];
  /** The index of each frame in the video. */
  readonly frameIndices: readonly number[];
}

/**
 * Draws the mask of a video's middle clip, cropped in the centre: for the same frames the same integers
 * on any machine, in Node and in a browser.
 *
 * @param read Where the clip comes from.
 * @param similarity Where text-guided masks have their map from.
 * @throws LacunaError for a clip that tokens do not fit, a video that cannot be read, and a
 * text-guided mask without a source of its map.
 */
export async function drawClipMask(
  { mask, motion: motionConfig, clip, seed, epoch, id }: ClipMaskRequest,
  read: ClipSource,
  similarity?: SimilaritySource,
): Promise<ClipMask> {
  const { frames, size, tubelet, patch, stride } = clip;
  requireMultiple('frames', frames, 'tubelet', tubelet);
  requireMultiple('size', size, 'patch', patch);
  const side = size / patch;
  const grid = { slots: frames / tubelet, rows: side, columns: side };
  const { map: mapName } = MASK_KINDS[mask.kind];
  if (mapName === 'similarity' && similarity === undefined) {
    throw new LacunaError({
      what: `the mask ${mask.kind} needs a similarity map of the clip, and there is no source of one`,
      where: '--mask',
      fix: 'Give --caption with --teacher <folder> or --maps <folder>, or choose another mask.',
    });
  }
  const wanted = motionRequest({ clip, mask: { kind: mask.kind, motion: motionConfig } });
  const { video, motion, frameIndices, crop, flip } = await read({
    frames,
    size,
    rule: { name: 'dense', stride },
    ...(wanted === undefined ? {} : { motion: wanted }),
  });
  const mapped = { video, frames, size, tubelet, patch, grid };
  const map =
    mapName === 'similarity'
      ? await similarity?.({ ...mapped, frameIndices, crop, flip })
      : motion?.map;
  const drawn = drawMask(mask, grid, { seed, epoch, sample: sampleWord(id) }, map);
  return {
    ...mapped,
    frameIndices,
    mask: drawn,
    ...(map === undefined ? {} : { map }),
    ...(motion === undefined ? {} : { motionSource: motion.source }),
  };
}

function requireMultiple(name: string, value: number, unit: string, divisor: number): void {
  if (value % divisor === 0) return;
  throw new LacunaError({
    what: `${name} is no multiple of ${unit}, so the clip cannot be cut into tokens`,
    got: `${value} and ${divisor}`,
    fix: `Choose for ${name} a multiple of ${divisor}.`,
  });
}
