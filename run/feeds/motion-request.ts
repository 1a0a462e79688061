import type { MotionRequest } from '../../data/motion/motion-request.js';
import { MASK_KINDS } from '../../spec/index.js';
import type { ClipConfig } from '../settings/clip.js';
import type { RunMaskConfig } from '../settings/mask.js';
import type { MotionConfig } from '../settings/motion.js';

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
