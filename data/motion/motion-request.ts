import { LacunaError } from '../../spec/errors.js';
import type { FrameRequest, Frames, VideoReader } from '../video/video-reader.js';
import { blockMotion, flowMap } from './clip-motion.js';
import { CodecMotion } from './codec-motion.js';
import type { FlowFile } from './flow-file.js';
import type { FlowModel } from './flow-model.js';
import { modelFlowMap } from './model-flow-map.js';
import { blockOfPatch } from './motion-field.js';
import { type CameraMotion, motionMap } from './motion-map.js';

/**
 * Where motion is taken from. `codec`: the vectors in the bitstream (H.264, MPEG-4 and its kin,
 * read by `node-av` only). `block-matching`: the decoded frames; the same for every backend and
 * codec. `auto`: the codec's vectors where a clip has any, and else block matching.
 */
export type MotionSource = (typeof MOTION_SOURCES)[number];
export const MOTION_SOURCES = ['auto', 'codec', 'block-matching'] as const;

/** What map of a clip's motion is wanted: the stored map of this name (`MapName`). */
export type MotionRequest = {
  /** The side of a patch in pixels. */
  readonly patch: number;
} & (
  | {
      readonly map: 'motion';
      readonly source: MotionSource;
      readonly camera: CameraMotion;
      /** Frames of a cube. */
      readonly tubelet: number;
    }
  | {
      readonly map: 'flow';
      /** The model that measures it: see `FlowModel`. @defaultValue none: block matching */
      readonly raft?: FlowFile;
    }
);

/** A clip's stored map, and where its motion was taken from. */
export interface ClipMotion {
  /** `motion`: uint16 [slots, rows * columns]. `flow`: int16 [T, 2 rows, 2 columns, 2]. */
  readonly map: Uint16Array<ArrayBuffer> | Int16Array<ArrayBuffer>;
  readonly source: 'codec' | 'block-matching' | 'raft';
}

/**
 * Reads a clip and its motion. In a clip that repeats frames (a video shorter than it, or of one
 * frame) nothing moves between the repeats.
 *
 * @param model The model of `wanted.raft`, opened.
 * @throws LacunaError as `VideoReader.read` and `modelFlowMap`, and for source `codec` when the clip
 * has no vectors.
 */
export async function readWithMotion(
  reader: VideoReader,
  request: FrameRequest,
  wanted: MotionRequest,
  model?: FlowModel,
): Promise<{ readonly frames: Frames; readonly motion: ClipMotion }> {
  const { patch } = wanted;
  if (wanted.map === 'flow' && wanted.raft !== undefined && model === undefined) {
    throw new LacunaError({
      where: wanted.raft.path,
      what: 'the model of optical flow is not open',
      fix: 'Open it with FlowModel.open, and hand it to readWithMotion.',
    });
  }
  const clip = { ...request.size, patch };
  if (wanted.map === 'flow') {
    const frames = await reader.read(request);
    const patched = { ...clip, video: frames.data };
    if (model !== undefined) {
      return { frames, motion: { map: await modelFlowMap(patched, model), source: 'raft' } };
    }
    const map = flowMap(patched);
    return { frames, motion: { map, source: 'block-matching' } };
  }
  const { source, camera, tubelet } = wanted;
  const block = blockOfPatch(patch);
  const options = { tubelet, camera, blocksPerPatch: patch / block };
  const codec =
    source === 'block-matching' ? undefined : new CodecMotion(reader.info, request, block);
  const frames = await reader.read(codec ? { ...request, onVectors: codec.add } : request);
  const field = codec?.field(frames.indices);
  if (field !== undefined) {
    return { frames, motion: { map: motionMap(field, options), source: 'codec' } };
  }
  if (source === 'codec') {
    throw new LacunaError({
      what: 'the clip has no motion vectors to read',
      got: `codec ${reader.info.codec}`,
      expected: 'a clip of H.264 or MPEG-4 with predicted frames, decoded by node-av',
      fix: 'Choose the motion source auto or block-matching.',
    });
  }
  const found = blockMotion({ ...clip, video: frames.data });
  return { frames, motion: { map: motionMap(found, options), source: 'block-matching' } };
}
