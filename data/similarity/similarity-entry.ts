import { z } from 'zod';
import { sha256 } from '../../core/sha256.js';
import { MAX_CAPTION_LENGTH, MAX_CAPTIONS, MAX_PATH_LENGTH } from '../annotations/limits.js';
import { MAX_VIDEO_FRAMES } from '../video/limits.js';
import { storedFrames } from './frame-stride.js';

/** The similarity maps of one video: of each caption, of each stored frame, over the whole frame. */
export interface SimilarityEntry extends EntryHeader {
  /** Int16 cosines [captions, stored frames, rows, columns]: see `quantizeSimilarity`. */
  readonly maps: Int16Array;
}

/** What an entry says of itself before its maps. */
export interface EntryHeader {
  /** The id of its clip: the path in the list. */
  readonly video: string;
  /** Bytes of the video file that the maps were made of: another number, and they are out of date. */
  readonly bytes: number;
  /** `maps` of the store's manifest: teacher, form and options. */
  readonly recipe: string;
  /** The frame as shown, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  /** Frames between two stored ones. */
  readonly stride: number;
  /** Cells of a frame. */
  readonly rows: number;
  readonly columns: number;
  readonly captions: readonly string[];
}

const MAGIC = Buffer.from('LACSIM01', 'latin1');
const DIGEST_BYTES = 32;
const FIXED_BYTES = MAGIC.length + 4;
/** 1000 captions of 4096 characters fit, whatever their alphabet. */
const MAX_HEADER_BYTES = 2 ** 24;
/** Bytes of one entry (1 GiB): 9 hours at the default stride with 14 x 25 cells. */
export const MAX_ENTRY_BYTES: number = 2 ** 30;
const MAX_CELLS = 1024;

const HEADER: z.ZodType<EntryHeader> = z.strictObject({
  video: z.string().min(1).max(MAX_PATH_LENGTH),
  bytes: z.int().min(0),
  recipe: z.string().regex(/^[0-9a-f]{64}$/),
  width: z.int().min(1).max(65_536),
  height: z.int().min(1).max(65_536),
  frameCount: z.int().min(1).max(MAX_VIDEO_FRAMES),
  stride: z.int().min(1).max(MAX_VIDEO_FRAMES),
  rows: z.int().min(1).max(MAX_CELLS),
  columns: z.int().min(1).max(MAX_CELLS),
  captions: z.array(z.string().max(MAX_CAPTION_LENGTH)).max(MAX_CAPTIONS),
});

/** Why the bytes of an entry cannot be used; the store says where they lie and what to do. */
export class DamagedEntry extends Error {}

/**
 * An entry as bytes: `LACSIM01`, the header's length (u32), the header (JSON), the maps (int16, all
 * little-endian), and the SHA-256 of everything before.
 */
export function encodeEntry({ maps, ...header }: SimilarityEntry): Uint8Array {
  const text = Buffer.from(JSON.stringify(header));
  const file = Buffer.alloc(FIXED_BYTES + text.length + 2 * maps.length + DIGEST_BYTES);
  MAGIC.copy(file);
  file.writeUInt32LE(text.length, MAGIC.length);
  text.copy(file, FIXED_BYTES);
  const start = FIXED_BYTES + text.length;
  for (let i = 0; i < maps.length; i++) file.writeInt16LE(maps[i] as number, start + 2 * i);
  const end = file.length - DIGEST_BYTES;
  checksum(file.subarray(0, end)).copy(file, end);
  return file;
}

/** @throws DamagedEntry for bytes that no entry has, or that have changed since it was written. */
export function decodeEntry(file: Uint8Array): SimilarityEntry {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const { header, size, start } = decodeHeader(bytes);
  if (bytes.length !== size) throw new DamagedEntry(`it has ${bytes.length} of ${size} bytes`);
  const end = size - DIGEST_BYTES;
  if (!checksum(bytes.subarray(0, end)).equals(bytes.subarray(end))) {
    throw new DamagedEntry('its checksum is another');
  }
  const maps = new Int16Array((end - start) / 2);
  for (let i = 0; i < maps.length; i++) maps[i] = bytes.readInt16LE(start + 2 * i);
  return { ...header, maps };
}

/**
 * The header of an entry from its first bytes, and how many bytes the whole has.
 *
 * @throws DamagedEntry where the bytes do not reach to the header's end, or hold no header.
 */
export function decodeHeader(bytes: Buffer): {
  readonly header: EntryHeader;
  readonly start: number;
  readonly size: number;
} {
  const start = headerEnd(bytes);
  if (bytes.length < start) throw new DamagedEntry('it ends in its header');
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', FIXED_BYTES, start));
  } catch {
    throw new DamagedEntry('its header is not JSON');
  }
  const parsed = HEADER.safeParse(value);
  if (!parsed.success) {
    throw new DamagedEntry(`its header is malformed at ${parsed.error.issues[0]?.path.join('.')}`);
  }
  const header = parsed.data;
  const size = start + 2 * valuesOf(header) + DIGEST_BYTES;
  if (size > MAX_ENTRY_BYTES) throw new DamagedEntry('its header asks for too much');
  return { header, start, size };
}

/** Where the header of an entry ends, from its first 12 bytes or more. @throws DamagedEntry */
export function headerEnd(bytes: Buffer): number {
  if (bytes.length < FIXED_BYTES) throw new DamagedEntry(`it has only ${bytes.length} bytes`);
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new DamagedEntry('it does not begin as an entry does');
  }
  const length = bytes.readUInt32LE(MAGIC.length);
  if (length > MAX_HEADER_BYTES) throw new DamagedEntry('its header is too long');
  return FIXED_BYTES + length;
}

/** How many values the maps of an entry have. */
export function valuesOf(header: EntryHeader): number {
  const frames = Math.ceil(header.frameCount / header.stride);
  return header.captions.length * frames * header.rows * header.columns;
}

/** The map of a caption and of a stored frame. */
export function frameMap(entry: SimilarityEntry, caption: number, stored: number): Int16Array {
  const cells = entry.rows * entry.columns;
  const frames = storedFrames(entry.frameCount, entry.stride).length;
  const start = (caption * frames + stored) * cells;
  return entry.maps.subarray(start, start + cells);
}

function checksum(bytes: Uint8Array): Buffer {
  return Buffer.from(sha256(bytes), 'hex');
}
