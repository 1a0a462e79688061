import { access } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  type Clip,
  type ClipMotion,
  ClipReader,
  type ClipSampling,
  dataRootOf,
} from '../../data/index.js';
import { type MotionConfig, motionRequest } from '../../run/index.js';
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

/** A clip of a video and the mask that is drawn over it. */
export interface ClipMaskRequest {
  readonly video: string;
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
 * Draws the mask of a video's middle clip, cropped in the centre.
 *
 * @param similarity Where text-guided masks have their map from.
 * @throws LacunaError for a clip that tokens do not fit, a video that cannot be read, and a
 * text-guided mask without a source of its map.
 */
export async function drawClipMask(
  request: ClipMaskRequest,
  similarity?: SimilaritySource,
): Promise<ClipMask> {
  const { mask, clip, seed, epoch, id } = request;
  const { frames, size, tubelet, patch, stride } = clip;
  requireMultiple('--frames', frames, '--tubelet', tubelet);
  requireMultiple('--size', size, '--patch', patch);
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
  const wanted = motionRequest({ clip, mask: { kind: mask.kind, motion: request.motion } });
  const read = await readClip(request, {
    frames,
    size,
    rule: { name: 'dense', stride },
    ...(wanted === undefined ? {} : { motion: wanted }),
  });
  const { video, motion, frameIndices, crop, flip } = read;
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

async function readClip(
  { video }: ClipMaskRequest,
  sampling: Pick<ClipSampling, 'frames' | 'size' | 'rule' | 'motion'>,
): Promise<Awaited<ReturnType<ClipReader['readClip']>>> {
  await access(video).catch(() => {
    throw new LacunaError({ where: video, what: 'there is no such file, or it cannot be read' });
  });
  const record = { id: video, video: basename(video), captions: [] };
  // A person names the file itself: it may be a link.
  const root = dataRootOf(dirname(video), true);
  const reader = await ClipReader.open({ root, records: [record], sampling });
  try {
    return await reader.readClip(record);
  } finally {
    await reader.close();
  }
}

function requireMultiple(name: string, value: number, unit: string, divisor: number): void {
  if (value % divisor === 0) return;
  throw new LacunaError({
    what: `${name} is no multiple of ${unit}, so the clip cannot be cut into tokens`,
    got: `${value} and ${divisor}`,
    fix: `Choose for ${name} a multiple of ${divisor}.`,
  });
}
