import { crc32 } from 'node:zlib';
import { type NpySource, npyBytes, npyDataBytes, npyHeader } from './npy-file.js';
import { FileWriter, type Written } from './whole-file.js';

/**
 * Writes arrays as a `.npz` file, a ZIP archive of `.npy` files that are not packed, piece by piece. Sizes
 * are 64 bits wide throughout, so that an array may have more than 4 GiB. Two files of the same arrays are
 * the same: no time is written.
 *
 * Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3; numpy.savez.
 */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, NpySource>>,
): Promise<Written> {
  const writer = await FileWriter.create(path);
  try {
    const entries: Entry[] = [];
    let offset = 0;
    const put = async (bytes: Uint8Array): Promise<void> => {
      await writer.write(bytes);
      offset += bytes.length;
    };
    for (const [name, source] of Object.entries(arrays)) {
      const entry = {
        name: Buffer.from(`${name}.npy`),
        size: sizeOf(source),
        start: offset,
        crc: 0,
      };
      await put(localHeader(entry));
      for await (const bytes of npyBytes(`${path}: ${name}`, source)) {
        entry.crc = crc32(bytes, entry.crc);
        await put(bytes);
      }
      await put(descriptor(entry));
      entries.push(entry);
    }
    const start = offset;
    for (const entry of entries) await put(centralHeader(entry));
    await put(ending(entries.length, start, offset));
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

interface Entry {
  readonly name: Buffer;
  readonly size: number;
  readonly start: number;
  readonly crc: number;
}

function sizeOf(source: NpySource): number {
  return npyHeader(source.type, source.shape).length + npyDataBytes(source);
}

/** Version 4.5 (64 bits); the checksum follows the data; names are UTF-8. */
const VERSION = 45;
const FLAGS = 0x0808;
/** The first of January 1980, the earliest that the format has. */
const DATE = 0x0021;
/** Of 32 bits: the number is in the field for 64. */
const ELSEWHERE = 0xffff_ffff;

/** Numbers one after the other: [value, bytes]. */
function packed(...fields: readonly (readonly [value: number, bytes: 2 | 4 | 8])[]): Buffer {
  const bytes = Buffer.alloc(fields.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUIntLE(value, at, size);
    at += size;
  }
  return bytes;
}

function localHeader({ name, size }: Entry): Buffer {
  const extra = packed([1, 2], [16, 2], [size, 8], [size, 8]);
  return Buffer.concat([
    packed(
      ...([
        [0x0403_4b50, 4],
        [VERSION, 2],
        [FLAGS, 2],
        [0, 2],
        [0, 2],
        [DATE, 2],
        [0, 4],
        [ELSEWHERE, 4],
        [ELSEWHERE, 4],
        [name.length, 2],
        [extra.length, 2],
      ] as const),
    ),
    name,
    extra,
  ]);
}

function descriptor({ crc, size }: Entry): Buffer {
  return packed([0x0807_4b50, 4], [crc, 4], [size, 8], [size, 8]);
}

function centralHeader({ name, size, start, crc }: Entry): Buffer {
  const extra = packed([1, 2], [24, 2], [size, 8], [size, 8], [start, 8]);
  return Buffer.concat([
    packed(
      ...([
        [0x0201_4b50, 4],
        [VERSION, 2],
        [VERSION, 2],
        [FLAGS, 2],
        [0, 2],
        [0, 2],
        [DATE, 2],
        [crc, 4],
        [ELSEWHERE, 4],
        [ELSEWHERE, 4],
        [name.length, 2],
        [extra.length, 2],
        [0, 2],
        [0, 2],
        [0, 2],
        [0, 4],
        [ELSEWHERE, 4],
      ] as const),
    ),
    name,
    extra,
  ]);
}

/** What ends the archive, of 64 bits and, for who looks for it from the end, of 32. */
function ending(count: number, start: number, end: number): Buffer {
  const size = end - start;
  return packed(
    ...([
      [0x0606_4b50, 4],
      [44, 8],
      [VERSION, 2],
      [VERSION, 2],
      [0, 4],
      [0, 4],
      [count, 8],
      [count, 8],
      [size, 8],
      [start, 8],
      [0x0706_4b50, 4],
      [0, 4],
      [end, 8],
      [1, 4],
      [0x0605_4b50, 4],
      [0, 2],
      [0, 2],
      [count, 2],
      [count, 2],
      [ELSEWHERE, 4],
      [ELSEWHERE, 4],
      [0, 2],
    ] as const),
  );
}
