import { openPlainIfThere } from '../file-operations.js';
import { maskedCrc32c } from './crc32c.js';

/** u64 of the length, u32 of its checksum; behind the data their own. */
const HEADER_BYTES = 12;
const FOOTER_BYTES = 4;
/** A longer record is none of ours. */
const MAX_RECORD_BYTES = 2 ** 20;

/**
 * A record of a TFRecord file: length u64, masked CRC-32C of the length u32, data, masked CRC-32C of the
 * data u32, all little-endian.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = Buffer.alloc(HEADER_BYTES + data.length + FOOTER_BYTES);
  record.writeBigUInt64LE(BigInt(data.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(data, HEADER_BYTES);
  record.writeUInt32LE(maskedCrc32c(data), HEADER_BYTES + data.length);
  return record;
}

/**
 * The data of the records of a file of ours, up to the first that is damaged or torn: behind it nothing says
 * where one begins. A file that is missing has none.
 *
 * @throws LacunaError for what is no plain file.
 */
export async function* tfRecords(
  path: string,
): AsyncGenerator<{ readonly data: Uint8Array; readonly end: number }, void> {
  const opened = await openPlainIfThere(path);
  if (opened === undefined) return;
  const { handle, size } = opened;
  const read = async (position: number, length: number): Promise<Buffer | undefined> => {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await handle.read(bytes, 0, length, position);
    return bytesRead === length ? bytes : undefined;
  };
  try {
    for (let position = 0; position < size; ) {
      const header = await read(position, HEADER_BYTES);
      if (header === undefined || header.readUInt32LE(8) !== maskedCrc32c(header.subarray(0, 8)))
        return;
      const length = header.readBigUInt64LE(0);
      if (length > MAX_RECORD_BYTES) return;
      const body = await read(position + HEADER_BYTES, Number(length) + FOOTER_BYTES);
      const data = body?.subarray(0, Number(length));
      if (body === undefined || data === undefined) return;
      if (body.readUInt32LE(data.length) !== maskedCrc32c(data)) return;
      position += HEADER_BYTES + body.length;
      yield { data, end: position };
    }
  } finally {
    await handle.close();
  }
}
