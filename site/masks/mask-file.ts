import { encode } from 'fast-png';
import { contactSheet } from '../../run/masked-clip/mask-pictures.js';
import type { ClipMask, ClipMaskRequest } from '../../run/masked-clip/masked-clip.js';
import { completeMaskConfig } from '../../spec/index.js';

/** The mask's integers, and all that they follow from but the frames. */
export function maskText(
  { mask, motion, clip, seed, epoch, id }: ClipMaskRequest,
  drawn: ClipMask,
): string {
  const { grid, frameIndices, motionSource } = drawn;
  const { visible, masked } = drawn.mask;
  const lines = {
    format: 'lacuna-mask/1',
    mask: completeMaskConfig(mask),
    ...(motionSource === undefined ? {} : { motion: { ...motion, source: motionSource } }),
    ...{ clip, seed, epoch, id, grid, frameIndices },
    visible: [...visible],
    masked: [...masked],
  };
  return `${JSON.stringify(lines)}\n`;
}

/** The picture of a mask: the bytes that `lacuna mask show` writes of it. */
export function maskPicture(drawn: ClipMask, { mask: { kind } }: ClipMaskRequest): Uint8Array {
  const { width, height, data } = contactSheet(drawn, kind);
  return encode({ width, height, data, channels: 3, depth: 8 });
}

/** The frames as they were cut, one below the other, so that the mask can be drawn elsewhere from the same ones. */
export function framesPicture({ video, size, frames }: ClipMask): Uint8Array {
  return encode({ width: size, height: size * frames, data: video, channels: 3, depth: 8 });
}
