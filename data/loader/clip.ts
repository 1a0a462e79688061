import type { ClipMotion } from '../motion/motion-request.js';
import type { CropBox } from '../video/video-reader.js';

/** The pixels of one clip, and how they were taken. */
export interface Clip {
  /** RGB24: [T, H, W, 3]. */
  readonly video: Uint8Array<ArrayBuffer>;
  /** The index of each frame in the decoded video. */
  readonly frameIndices: readonly number[];
  /** The box of the shown frame that was scaled to H x W. */
  readonly crop: CropBox;
  readonly flip: boolean;
  /** How many of its frames do not decode cleanly (`lostFrames`): the nearest earlier ones stand for them. */
  readonly missingFrames: number;
  /** How many frames were decoded for it. */
  readonly decodedFrames: number;
  /** What the sampling's `motion` asks for. */
  readonly motion?: ClipMotion;
}

/** What is told of a clip that lacks frames; undefined where it lacks none. */
export function missingNote(
  video: string,
  { missingFrames, frameIndices }: Pick<Clip, 'missingFrames' | 'frameIndices'>,
): string | undefined {
  if (missingFrames === 0) return undefined;
  return `${video}: ${missingFrames} of the clip's ${frameIndices.length} frames do not decode cleanly; the nearest earlier ones stand for them.`;
}
