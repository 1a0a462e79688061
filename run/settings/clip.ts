import { z } from 'zod';
import type { VideoConfig } from '../../spec/model/patches.js';
import {
  CROPS,
  type Crop,
  FRAME_SAMPLINGS,
  type FrameSampling,
  type Preset,
} from '../../spec/model/presets.js';
import { count, type Overrides, refuse } from './section.js';

/** A clip and how its frames are chosen from a video. */
export interface ClipConfig extends VideoConfig {
  /** Frames between two frames of a clip (`dense`). */
  readonly stride: number;
  readonly sampling: FrameSampling;
  readonly crop: Crop;
  readonly flip: boolean;
}

/** What a person writes of it: statistics of pixels are replaced as a whole. */
export type ClipOverrides = Overrides<Omit<ClipConfig, 'mean' | 'std'>> &
  Partial<Pick<ClipConfig, 'mean' | 'std'>>;

const share = z.number().min(0).max(1);
const deviation = z.number().gt(0).max(1);

export const CLIP_SCHEMA: z.ZodType<ClipOverrides> = z.strictObject({
  frames: z.int().min(1).max(4096).exactOptional(),
  size: z.int().min(1).max(4096).exactOptional(),
  tubelet: count.exactOptional(),
  patch: count.exactOptional(),
  stride: count.exactOptional(),
  sampling: z.enum(FRAME_SAMPLINGS).exactOptional(),
  crop: z.enum(CROPS).exactOptional(),
  flip: z.boolean().exactOptional(),
  mean: z.tuple([share, share, share]).exactOptional(),
  std: z.tuple([deviation, deviation, deviation]).exactOptional(),
});

/** @throws LacunaError for a clip that cannot be cut into cubes. */
export function resolveClip(
  own: ClipOverrides | undefined,
  { video, stride, sampling, crop, flip }: Preset,
): ClipConfig {
  const clip = { ...video, stride, sampling, crop, flip, ...own };
  refuse(clip.frames % clip.tubelet !== 0, 'clip.frames', `${clip.frames}`, {
    what: 'the frames of a clip are no multiple of the tubelet',
    expected: `a multiple of clip.tubelet, ${clip.tubelet}`,
  });
  refuse(clip.size % clip.patch !== 0, 'clip.size', `${clip.size}`, {
    what: 'the frame size is no multiple of the patch',
    expected: `a multiple of clip.patch, ${clip.patch}`,
  });
  return clip;
}

/** What the model sees of a clip. */
export function videoConfig({ clip }: { readonly clip: ClipConfig }): VideoConfig {
  const { frames, size, tubelet, patch, mean, std } = clip;
  return {
    ...{ frames, size, tubelet, patch },
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
  };
}
