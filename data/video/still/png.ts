import { crc32, inflateSync } from 'node:zlib';
import { UPRIGHT } from '../orientation.js';
import { BrokenStill } from './broken-still.js';
import { exifOrientation } from './exif-orientation.js';
import type { StillFacts } from './still-image.js';

const SIGNATURE_BYTES = 8;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** The chunks up to the last one, each held to its checksum. @throws BrokenStill */
function* chunks(bytes: Buffer): Generator<Chunk, void> {
  for (let at = SIGNATURE_BYTES; ; ) {
    if (at + 12 > bytes.length) throw new BrokenStill('it is cut off');
    const length = bytes.readUInt32BE(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw new BrokenStill('it is cut off');
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) {
      throw new BrokenStill('a checksum in it is wrong');
    }
    const type = bytes.toString('latin1', at + 4, at + 8);
    yield { type, data: bytes.subarray(at + 8, end - 4) };
    if (type === 'IEND') return;
    at = end;
  }
}

/**
 * Size and orientation of a PNG picture. An animated one is refused: it is a video in a format that is
 * not read.
 *
 * @throws BrokenStill
 * Source: PNG, third edition, 5 and 11.
 */
export function pngFacts(bytes: Buffer): StillFacts {
  const header = headerOf(bytes);
  let orientation = UPRIGHT;
  for (const { type, data } of chunks(bytes)) {
    if (type === 'acTL') throw new BrokenStill('it is animated, and a still picture is expected');
    if (type === 'eXIf') orientation = exifOrientation(data);
  }
  const { width, height, bitsPerPixel, isPalette } = header;
  const stored = { width, height };
  if (isPalette) return { stored, orientation, before: 'format=rgb24' };
  return { stored, orientation, ...(bitsPerPixel === 1 ? { before: 'format=gray' } : {}) };
}

/** Refuses a picture whose rows are not all there: FFmpeg would fill them up. @throws BrokenStill */
export function requireWholePng(bytes: Buffer): void {
  const expected = rowBytes(headerOf(bytes));
  const data = [...chunks(bytes)].flatMap((chunk) => (chunk.type === 'IDAT' ? [chunk.data] : []));
  let found: number;
  try {
    // Some encoders write more than the rows; much more would fill the memory.
    found = inflateSync(Buffer.concat(data), { maxOutputLength: expected + 65_536 }).length;
  } catch {
    throw new BrokenStill('its pixels cannot be unpacked');
  }
  if (found < expected) throw new BrokenStill('some of its rows are missing');
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly isPalette: boolean;
  readonly isInterlaced: boolean;
}

/** Samples of a pixel, by the type of colour. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Bits of a sample: more would unpack to more than is held. */
const DEPTHS: readonly number[] = [1, 2, 4, 8, 16];

function headerOf(bytes: Buffer): Header {
  const isHeader = bytes.toString('latin1', 12, 16) === 'IHDR' && bytes.length >= 33;
  const samples = SAMPLES[bytes[25] ?? -1];
  const bits = bytes[24] ?? 0;
  const isKnown = samples !== undefined && DEPTHS.includes(bits);
  if (!isHeader || bytes.readUInt32BE(8) !== 13 || !isKnown) {
    throw new BrokenStill('it has no header of a PNG');
  }
  return {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    bitsPerPixel: samples * bits,
    isPalette: bytes[25] === 3,
    isInterlaced: bytes[28] === 1,
  };
}

/** First column and row of each pass of Adam7, and the steps between them. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of all rows, each with the byte that names its filter. */
function rowBytes({ width, height, bitsPerPixel, isInterlaced }: Header): number {
  const passes = isInterlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  let bytes = 0;
  for (const [x, y, dx, dy] of passes) {
    const columns = Math.ceil((width - x) / dx);
    const rows = Math.ceil((height - y) / dy);
    if (columns > 0 && rows > 0) bytes += rows * (1 + Math.ceil((columns * bitsPerPixel) / 8));
  }
  return bytes;
}
