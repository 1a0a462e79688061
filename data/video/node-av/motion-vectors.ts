import type { Frame } from 'node-av/lib';
import type { FrameSize, FrameVectors } from '../video-reader.js';
import type { Library } from './library.js';

/**
 * FFmpeg's record of a vector (`AVMotionVector`), 40 bytes in the byte order of the machine: i32
 * source at 0, u8 width at 4, u8 height at 5, i16 destination x and y (the block's centre) at 10 and
 * 12, i32 motion x and y at 24 and 28, u16 scale at 32. Bytes 14, 15 and 34 to 39 are padding that
 * nobody sets.
 */
const RECORD_BYTES = 40;
const ROW = 7;
/** The smallest block of a codec is 4 x 4, and a block has at most two vectors. */
const LEAST_BLOCK = 4;

/**
 * The motion vectors of a decoded frame. What no bitstream can mean is left out: a frame with more
 * vectors than blocks of 4 x 4 can have, a block without area or outside of the frame (which may
 * be padded to whole macroblocks), a vector longer than the frame.
 */
export function frameVectors(library: Library, frame: Frame, stored: FrameSize): FrameVectors {
  const isAnchor = frame.pictType !== library.AV_PICTURE_TYPE_B;
  const rows = (): Float64Array => {
    const bytes = frame.getSideData(library.AV_FRAME_DATA_MOTION_VECTORS);
    return bytes === null ? new Float64Array(0) : vectorRows(bytes, stored);
  };
  return { isAnchor, rows };
}

/** The rows of `FrameVectors` that these records hold. */
export function vectorRows(bytes: Uint8Array, stored: FrameSize): Float64Array {
  const count = Math.floor(bytes.length / RECORD_BYTES);
  const across = Math.ceil(stored.width / 16) * 16;
  const down = Math.ceil(stored.height / 16) * 16;
  if (count > (2 * across * down) / LEAST_BLOCK ** 2) return new Float64Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const rows = new Float64Array(count * ROW);
  let used = 0;
  for (let at = 0; at < count * RECORD_BYTES; at += RECORD_BYTES) {
    const width = view.getUint8(at + 4);
    const height = view.getUint8(at + 5);
    const left = view.getInt16(at + 10, IS_LITTLE_ENDIAN) - (width >> 1);
    const top = view.getInt16(at + 12, IS_LITTLE_ENDIAN) - (height >> 1);
    const scale = view.getUint16(at + 32, IS_LITTLE_ENDIAN);
    const x = view.getInt32(at + 24, IS_LITTLE_ENDIAN) / scale;
    const y = view.getInt32(at + 28, IS_LITTLE_ENDIAN) / scale;
    const isBlock = width > 0 && height > 0 && left >= 0 && top >= 0;
    const isInside = isBlock && left + width <= across && top + height <= down;
    const direction = Math.sign(view.getInt32(at, IS_LITTLE_ENDIAN));
    // A scale of 0 makes the vector infinite or no number.
    if (!isInside || direction === 0 || !(Math.abs(x) <= across && Math.abs(y) <= down)) continue;
    rows[used] = left;
    rows[used + 1] = top;
    rows[used + 2] = width;
    rows[used + 3] = height;
    rows[used + 4] = x;
    rows[used + 5] = y;
    rows[used + 6] = direction;
    used += ROW;
  }
  return rows.subarray(0, used);
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
