/**
 * Frames between two stored maps. VideoMAE's clips of Kinetics take every 4th frame: at this stride
 * there are as many maps as frames in a clip, and a clip of any start finds one at most two frames off.
 */
export const DEFAULT_FRAME_STRIDE = 4;

/** The frames of a video that have a map: 0, stride, 2 stride, ... below its frame count. */
export function storedFrames(frameCount: number, stride: number): readonly number[] {
  return Array.from({ length: Math.ceil(frameCount / stride) }, (_, k) => k * stride);
}

/**
 * Which stored map stands for a frame: the nearest one, of two equally near the later, and beyond the
 * last the last: min(floor((2 frame + stride) / (2 stride)), count - 1).
 */
export function nearestStored(frame: number, frameCount: number, stride: number): number {
  const last = Math.ceil(frameCount / stride) - 1;
  return Math.min(Math.floor((2 * frame + stride) / (2 * stride)), last);
}
