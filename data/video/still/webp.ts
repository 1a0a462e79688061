import { UPRIGHT } from '../orientation.js';
import type { FrameSize } from '../video-reader.js';
import { BrokenStill } from './broken-still.js';
import { exifOrientation } from './exif-orientation.js';
import type { StillFacts } from './still-image.js';

/**
 * Size and orientation of a WebP picture. An animated one is refused: it is a video in a format that
 * is not read.
 *
 * @throws BrokenStill
 * Source: RFC 9649, 2.4 to 2.7 and 3.4; RFC 6386, 9.1.
 */
export function webpFacts(bytes: Buffer): StillFacts {
  let picture: FrameSize | undefined;
  let canvas: FrameSize | undefined;
  let orientation = UPRIGHT;
  for (const { type, data } of chunks(bytes)) {
    if (type === 'VP8X') canvas = canvasOf(data);
    else if (type === 'VP8 ' || type === 'VP8L') picture ??= sizeOf(type, data);
    else if (type === 'EXIF') orientation = exifOrientation(withoutMark(data));
    if (type === 'ANIM' || type === 'ANMF') {
      throw new BrokenStill('it is animated, and a still picture is expected');
    }
  }
  if (picture === undefined) throw new BrokenStill('it has no pixels');
  const isSame = canvas?.width === picture.width && canvas.height === picture.height;
  if (canvas !== undefined && !isSame) throw new BrokenStill('its sizes contradict each other');
  return { stored: picture, orientation };
}

/** The chunks within the length that the file says it has. @throws BrokenStill */
function* chunks(bytes: Buffer): Generator<{ readonly type: string; readonly data: Buffer }, void> {
  const end = 8 + (bytes.length < 12 ? 4 : bytes.readUInt32LE(4));
  if (end > bytes.length || end < 20) throw new BrokenStill('it is cut off');
  for (let at = 12; at + 8 <= end; ) {
    const length = bytes.readUInt32LE(at + 4);
    if (at + 8 + length > end) throw new BrokenStill('it is cut off');
    yield {
      type: bytes.toString('latin1', at, at + 4),
      data: bytes.subarray(at + 8, at + 8 + length),
    };
    at += 8 + length + (length % 2);
  }
}

function canvasOf(data: Buffer): FrameSize {
  if (data.length < 10) throw new BrokenStill('it is cut off');
  return { width: 1 + data.readUIntLE(4, 3), height: 1 + data.readUIntLE(7, 3) };
}

function sizeOf(type: 'VP8 ' | 'VP8L', data: Buffer): FrameSize {
  if (data.length < 10) throw new BrokenStill('it is cut off');
  if (type === 'VP8L') {
    if (data[0] !== 0x2f) throw new BrokenStill('its pixels have no header');
    const sizes = data.readUInt32LE(1);
    return { width: 1 + (sizes & 0x3fff), height: 1 + ((sizes >>> 14) & 0x3fff) };
  }
  const isKey = (data.readUInt8(0) & 1) === 0 && data.readUIntBE(3, 3) === 0x9d012a;
  if (!isKey) throw new BrokenStill('its pixels have no header');
  return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff };
}

/** Some writers put the mark of JPEG's segment in front. */
function withoutMark(data: Buffer): Buffer {
  return data.toString('latin1', 0, 6) === 'Exif\0\0' ? data.subarray(6) : data;
}
