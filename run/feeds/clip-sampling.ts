import type { ClipSampling } from '../../data/index.js';
import { IMAGENET_MEAN, IMAGENET_STD } from '../../spec/index.js';
import { finetuningOf } from '../classifier.js';
import type { RunSettings } from '../settings/config.js';
import { motionRequest } from './motion-request.js';

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
