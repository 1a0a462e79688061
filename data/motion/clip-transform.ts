import { storedCrop } from '../video/orientation.js';
import type { FrameRequest, VideoInfo } from '../video/video-reader.js';

/**
 * From the stored frame of a video to the frame of a clip: a place (x, y) goes to
 * (xx x + xy y + x0, yx x + yy y + y0), a distance to the same without x0 and y0. Of each row one
 * factor is 0: frames are turned by right angles only.
 */
export interface ClipTransform {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

/** What `filterChain` does to places: crop, scale, change of x and y, mirrors, in this order. */
export function clipTransform(
  { stored, orientation }: Pick<VideoInfo, 'stored' | 'orientation'>,
  { crop, size, flip }: FrameRequest,
): ClipTransform {
  const from = storedCrop(crop, stored, orientation);
  const { transposed, flipY } = orientation;
  const flipX = orientation.flipX !== flip;
  const across = (flipX ? -size.width : size.width) / (transposed ? from.height : from.width);
  const down = (flipY ? -size.height : size.height) / (transposed ? from.width : from.height);
  const [startX, startY] = transposed ? [from.y, from.x] : [from.x, from.y];
  return {
    xx: transposed ? 0 : across,
    xy: transposed ? across : 0,
    x0: (flipX ? size.width : 0) - across * startX,
    yx: transposed ? down : 0,
    yy: transposed ? 0 : down,
    y0: (flipY ? size.height : 0) - down * startY,
  };
}
