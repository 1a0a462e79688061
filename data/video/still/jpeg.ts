import { UPRIGHT } from '../orientation.js';
import type { FrameSize } from '../video-reader.js';
import { BrokenStill } from './broken-still.js';
import { exifOrientation } from './exif-orientation.js';
import type { StillFacts } from './still-image.js';

const [SOI, EOI, SOS, APP1] = [0xd8, 0xd9, 0xda, 0xe1];
const EXIF = 'Exif\0\0';

/**
 * Size and orientation of a JPEG picture, whose segments are followed to its end; what a camera puts
 * behind it (a second picture, a video) is not looked at.
 *
 * @throws BrokenStill
 * Source: ITU-T T.81, B.1 and B.2.
 */
export function jpegFacts(bytes: Buffer): StillFacts {
  let stored: FrameSize | undefined;
  let orientation = UPRIGHT;
  for (const { marker, data } of segments(bytes)) {
    if (isFrame(marker) && data.length >= 6) {
      stored ??= { height: data.readUInt16BE(1), width: data.readUInt16BE(3) };
    } else if (marker === APP1 && data.toString('latin1', 0, EXIF.length) === EXIF) {
      orientation = exifOrientation(data.subarray(EXIF.length));
    }
  }
  if (stored === undefined) throw new BrokenStill('it has no frame');
  return { stored, orientation };
}

interface Segment {
  readonly marker: number;
  readonly data: Buffer;
}

/** The segments of the first picture, those between its scans too. @throws BrokenStill */
function* segments(bytes: Buffer): Generator<Segment, void> {
  for (let at = 2; ; ) {
    if (bytes[at] !== 0xff) throw new BrokenStill(at < bytes.length ? 'a marker is missing' : CUT);
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === EOI) return;
    if (marker === SOI || at + 4 > bytes.length) throw new BrokenStill(CUT);
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end < at + 4 || end > bytes.length) throw new BrokenStill(CUT);
    yield { marker, data: bytes.subarray(at + 4, end) };
    at = marker === SOS ? afterScan(bytes, end) : end;
  }
}

const CUT = 'it is cut off';

/** The first marker after the data of a scan: stuffed zeros and restarts are a part of it. */
function afterScan(bytes: Buffer, from: number): number {
  for (let at = from; ; at += 2) {
    at = bytes.indexOf(0xff, at);
    if (at < 0) throw new BrokenStill(CUT);
    const next = bytes[at + 1] ?? 0;
    if (next === 0xff) at -= 1;
    else if (next !== 0 && (next < 0xd0 || next > 0xd7)) return at;
  }
}

/** A start of frame: C0 to CF but for the tables DHT, JPG and DAC among them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
