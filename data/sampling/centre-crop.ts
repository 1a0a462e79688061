import type { CropBox, FrameSize } from '../video/video-reader.js';

/** The largest square in the middle of a frame, its corner rounded down. */
export function centreCrop({ width, height }: FrameSize): CropBox {
  const side = Math.min(width, height);
  return {
    x: Math.floor((width - side) / 2),
    y: Math.floor((height - side) / 2),
    width: side,
    height: side,
  };
}
