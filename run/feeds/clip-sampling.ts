import type { ClipSampling, MotionRequest } from '../../data/index.js';
import { IMAGENET_MEAN, IMAGENET_STD, MASK_KINDS } from '../../spec/index.js';
import { finetuningOf } from '../classifier.js';
import type { ClipConfig } from '../settings/clip.js';
import type { RunSettings } from '../settings/config.js';
import type { RunMaskConfig } from '../settings/mask.js';
import type { MotionConfig } from '../settings/motion.js';

/** How clips are taken from videos, as the loader asks for it. */
export function clipSampling({ clip }: Pick<RunSettings, 'clip'>): ClipSampling {
  const { frames, size, stride, sampling, crop, flip } = clip;
  const rule =
    sampling === 'tsn' ? ({ name: 'segments' } as const) : ({ name: sampling, stride } as const);
  return { frames, size, rule, crop, flip };
}

/** The same, with what fine-tuning does to training clips. */
export function augmentedClipSampling(settings: RunSettings): ClipSampling {
  const { augmentLayers, augmentMagnitude, augmentDeviation, erasing } = finetuningOf(settings);
  const { mean = IMAGENET_MEAN, std = IMAGENET_STD } = settings.clip;
  const augmentation = {
    ...(augmentLayers === 0
      ? {}
      : {
          randAugment: {
            layers: augmentLayers,
            magnitude: augmentMagnitude,
            deviation: augmentDeviation,
          },
        }),
    ...(erasing === 0 ? {} : { erasing: { probability: erasing, mean, std } }),
  };
  return { ...clipSampling(settings), augmentation };
}

/** The same, with the maps that the run's mask is drawn from. */
export function maskedClipSampling(settings: Pick<RunSettings, 'clip' | 'mask'>): ClipSampling {
  const motion = motionRequest(settings);
  return { ...clipSampling(settings), ...(motion === undefined ? {} : { motion }) };
}

/** The map of its motion that a clip is to bring along for a mask; undefined where it needs none. */
export function motionRequest({
  clip,
  mask,
}: {
  readonly clip: Pick<ClipConfig, 'patch' | 'tubelet'>;
  readonly mask: Pick<RunMaskConfig, 'kind' | 'motion'>;
}): MotionRequest | undefined {
  const { patch, tubelet } = clip;
  const { map } = MASK_KINDS[mask.kind];
  if (map === 'flow') return flowRequest(patch, mask.motion);
  const { source, camera } = mask.motion ?? {};
  if (map !== 'motion' || camera === undefined) return undefined;
  if (source === undefined || source === 'raft') return undefined;
  return { map, patch, tubelet, source, camera };
}

/** A flow by the file that the run began with, or by block matching. */
function flowRequest(
  patch: number,
  { raft: path, raftDigest: digest }: Partial<MotionConfig> = {},
): MotionRequest {
  if (path === undefined) return { map: 'flow', patch };
  return { map: 'flow', patch, raft: { path, ...(digest === undefined ? {} : { digest }) } };
}
