import { z } from 'zod';
import {
  CAMERA_MOTIONS,
  type CameraMotion,
  MOTION_SOURCES,
  type MotionSource,
} from '../../data/index.js';
import { MASK_KINDS, type MaskKindName } from '../../spec/masking/kinds.js';
import { type Overrides, path, refuse } from './section.js';

/** How motion is measured for a mask that needs a map of it. */
export interface MotionConfig {
  /**
   * For `motion-guided` a `MotionSource`. For `flow-warped` `block-matching`, or `raft`: a model of
   * optical flow. @defaultValue `auto`; for `flow-warped` `raft` where one is named, and else
   * `block-matching`
   */
  readonly source: MotionSource | 'raft';
  /** The ONNX file of that model: see `FlowModel`. */
  readonly raft?: string;
  /** The SHA-256 of that file, hex; known, and recorded, once it was opened. */
  readonly raftDigest?: string;
  /** Whether motion that the whole picture shares counts (`motion-guided`). @defaultValue `keep` */
  readonly camera: CameraMotion;
}

export const MOTION_SCHEMA: z.ZodType<Overrides<MotionConfig>> = z.strictObject({
  source: z.enum([...MOTION_SOURCES, 'raft']).exactOptional(),
  raft: path.exactOptional(),
  camera: z.enum(CAMERA_MOTIONS).exactOptional(),
});

/**
 * How motion is measured, for the masks that need it: the flow by block matching or a model.
 * @throws LacunaError for what the mask, or the way of measuring, has no use for.
 */
export function resolveMotion(
  own: Overrides<MotionConfig> | undefined,
  kind: MaskKindName,
): MotionConfig | undefined {
  const { map } = MASK_KINDS[kind];
  refuse(map === 'motion' && own?.source === 'raft', 'mask.motion.source', '"raft"', {
    what: 'only the mask flow-warped takes its motion from a model of optical flow',
    expected: `one of ${MOTION_SOURCES.join(', ')}`,
  });
  refuse(map !== 'flow' && own?.raft !== undefined, 'mask.motion.raft', `"${own?.raft}"`, {
    what: `the mask ${kind} takes no model of optical flow`,
    fix: 'Leave mask.motion.raft out, or choose flow-warped.',
  });
  if (map === 'motion') return { source: 'auto', camera: 'keep', ...own };
  if (map === 'flow') return flow(own);
  refuse(own !== undefined, 'mask.motion', JSON.stringify(own), {
    what: `the mask ${kind} does not look at motion`,
    fix: 'Leave mask.motion out, or choose motion-guided or flow-warped.',
  });
  return undefined;
}

function flow(own: Overrides<MotionConfig> = {}): MotionConfig {
  const { raft, source = raft === undefined ? 'block-matching' : 'raft', camera = 'keep' } = own;
  refuse(source !== 'block-matching' && source !== 'raft', 'mask.motion.source', `"${source}"`, {
    what: 'a flow is measured by block matching or a model only: codecs have vectors in one direction',
    fix: 'Leave mask.motion.source out.',
  });
  refuse(source === 'raft' && raft === undefined, 'mask.motion.source', '"raft"', {
    what: 'the flow is to be measured by a model, and mask.motion.raft names none',
    expected: 'an ONNX file of RAFT in mask.motion.raft',
    fix: 'Name one, or leave mask.motion.source out: the flow is then measured by block matching.',
  });
  refuse(source !== 'raft' && raft !== undefined, 'mask.motion.source', `"${source}"`, {
    what: 'mask.motion.raft names a model that would not be used',
    fix: 'Set mask.motion.source to "raft", or leave mask.motion.raft out.',
  });
  refuse(camera !== 'keep', 'mask.motion.camera', `"${camera}"`, {
    what: 'a flow must have the motion of the camera too, or the mask would lag behind the picture',
    fix: 'Leave mask.motion.camera out.',
  });
  return { source, camera, ...(raft === undefined ? {} : { raft }) };
}
