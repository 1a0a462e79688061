import { type FileHandle, open } from 'node:fs/promises';

/** Boxes of a file that are walked. */
const MAX_BOXES = 100_000;
/** Boxes that a file of the MP4 family begins with. */
const FIRST_BOXES = new Set([
  'ftyp',
  'styp',
  'moov',
  'moof',
  'mdat',
  'free',
  'skip',
  'wide',
  'pnot',
  'uuid',
  'sidx',
]);

/**
 * How many bytes a video file should have by the sizes that its container tells: those of the boxes of an
 * MP4, of the segment of a Matroska or WebM, of the chunk of an AVI. Undefined where it does not tell.
 */
export async function bytesTold(path: string): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const head = await bytesAt(file, 0, 64);
    if (head.length >= 12 && head.readUInt32BE(0) === 0x1a45dfa3) return segmentEnd(head);
    if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'AVI ') {
      const told = head.readUInt32LE(4);
      return told === 0 || told === 0xffffffff ? undefined : told + 8;
    }
    if (FIRST_BOXES.has(head.toString('latin1', 4, 8))) return await lastBoxEnd(file, size);
    return undefined;
  } finally {
    await file.close();
  }
}

async function bytesAt(file: FileHandle, place: number, count: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(count), 0, count, place);
  return buffer.subarray(0, bytesRead);
}

/** The end of the last box that begins in the file; undefined for one that goes on to wherever the end is. */
async function lastBoxEnd(file: FileHandle, size: number): Promise<number | undefined> {
  let end = 0;
  for (let boxes = 0; end + 8 <= size && boxes < MAX_BOXES; boxes++) {
    const head = await bytesAt(file, end, 16);
    if (head.length < 8) return undefined;
    // What stands behind the last box of its kind is no box, and players pass it over.
    if (!/^[\x20-\x7e\xa9]{4}$/.test(head.toString('latin1', 4, 8))) return end;
    const short = head.readUInt32BE(0);
    if (short === 0 || (short === 1 && head.length < 16)) return undefined;
    const long = short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (long < 8) return undefined;
    end += long;
  }
  return end;
}

/** The end of the segment behind an EBML header; undefined where its size is not told. */
function segmentEnd(head: Buffer): number | undefined {
  const header = sizeAt(head, 4);
  if (header === undefined) return undefined;
  const segment = header.next + header.value;
  if (segment + 12 > head.length || head.readUInt32BE(segment) !== 0x18538067) return undefined;
  const size = sizeAt(head, segment + 4);
  return size && size.next + size.value;
}

/** A size of EBML: as many bytes as the first says; undefined for the one that stands for an unknown size. */
function sizeAt(
  bytes: Buffer,
  place: number,
): { readonly value: number; readonly next: number } | undefined {
  const first = bytes[place] ?? 0;
  const length = Math.clz32(first) - 23;
  if (length > 8 || place + length > bytes.length) return undefined;
  let value = BigInt(first & (0xff >> length));
  for (let i = 1; i < length; i++) value = value * 256n + BigInt(bytes[place + i] ?? 0);
  const unknown = 2n ** BigInt(7 * length) - 1n;
  return value === unknown ? undefined : { value: Number(value), next: place + length };
}
