import { type Orientation, UPRIGHT } from '../orientation.js';

/** The eight values of EXIF's tag Orientation, from 1 on. */
const ORIENTATIONS: readonly Orientation[] = [
  UPRIGHT,
  { transposed: false, flipX: true, flipY: false },
  { transposed: false, flipX: true, flipY: true },
  { transposed: false, flipX: false, flipY: true },
  { transposed: true, flipX: false, flipY: false },
  { transposed: true, flipX: true, flipY: false },
  { transposed: true, flipX: true, flipY: true },
  { transposed: true, flipX: false, flipY: true },
];

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;

/**
 * The orientation that EXIF data (a TIFF header and its first directory) tell; upright where they tell
 * none, or are damaged: a picture is worth more than what a camera wrote about it.
 *
 * Source: EXIF 2.32, 4.5 and 4.6.4 (tag 274).
 */
export function exifOrientation(tiff: Buffer): Orientation {
  const order = tiff.toString('latin1', 0, 2);
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return UPRIGHT;
  const isLittle = order === 'II';
  const u16 = (at: number): number => (isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const first = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (u16(2) !== 42 || first + 2 > tiff.length) return UPRIGHT;
  const entries = Math.min(u16(first), Math.floor((tiff.length - first - 2) / 12));
  for (let i = 0; i < entries; i++) {
    const at = first + 2 + 12 * i;
    if (u16(at) === ORIENTATION_TAG && u16(at + 2) === SHORT) {
      return ORIENTATIONS[u16(at + 8) - 1] ?? UPRIGHT;
    }
  }
  return UPRIGHT;
}
