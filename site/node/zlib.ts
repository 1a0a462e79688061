import { type Absent, absent } from './absent.js';

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The CRC-32 of zlib, of PNG and of zip; a string counts as its UTF-8. */
export function crc32(data: string | Uint8Array): number {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  let value = 0xffffffff;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 0xff] as number) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Files that are compressed are none that a page reads. */
export const constants = { Z_SYNC_FLUSH: 2 } as const;
export const deflateRawSync: Absent = absent('deflateRawSync of zlib');
export const deflateSync: Absent = absent('deflateSync of zlib');
export const inflateRawSync: Absent = absent('inflateRawSync of zlib');
export const inflateSync: Absent = absent('inflateSync of zlib');
export const createInflateRaw: Absent = absent('createInflateRaw of zlib');
