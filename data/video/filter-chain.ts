import { storedCrop } from './orientation.js';
import type { FrameRequest, VideoInfo } from './video-reader.js';

/**
 * The FFmpeg filters from a decoded frame to the pixels asked for: crop, scale, convert, and only
 * then rotate and mirror, which is cheap on the small frame. Both backends run these very texts.
 * The scaler's flags take the same arithmetic on every processor and in every version of FFmpeg
 * that was tried (5.1 and 8.1; scaled down 80 times and more, their last bits differ).
 *
 * Where the height stays, the colours go by way of planar RGB: on its way to packed RGB FFmpeg 5.1 then
 * takes the nearest row of chroma instead of the two that a row lies between. At even heights this
 * changes no bit of what later versions give.
 *
 * The crop is exact (an odd offset is not rounded to the grid of the chroma planes), and its width
 * becomes 0, an error, on a frame of another size than the stream's.
 */
export function filterChain(
  info: VideoInfo,
  { crop, size, flip }: FrameRequest,
): readonly string[] {
  const { stored, orientation } = info;
  const box = storedCrop(crop, stored, orientation);
  const scaled = orientation.transposed ? { width: size.height, height: size.width } : size;
  const width = `if(eq(iw\\,${stored.width})*eq(ih\\,${stored.height})\\,${box.width}\\,0)`;
  const filters = [
    `crop=${width}:${box.height}:${box.x}:${box.y}:exact=1`,
    `scale=${scaled.width}:${scaled.height}:flags=bilinear+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact`,
    ...(scaled.height === box.height ? ['format=gbrp'] : []),
    'format=rgb24',
  ];
  if (orientation.transposed) filters.push('transpose=cclock_flip');
  if (orientation.flipX !== flip) filters.push('hflip');
  if (orientation.flipY) filters.push('vflip');
  return filters;
}
