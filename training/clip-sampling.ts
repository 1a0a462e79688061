import type { ClipSampling } from '../data/index.js';
import type { PretrainSettings } from './config.js';

/** How clips are taken from videos, as the loader asks for it. */
export function clipSampling({ clip }: PretrainSettings): ClipSampling {
  const { frames, size, stride, sampling, crop, flip } = clip;
  const rule =
    sampling === 'dense' ? ({ name: 'dense', stride } as const) : ({ name: 'segments' } as const);
  return { frames, size, rule, crop, flip };
}
