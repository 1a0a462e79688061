import { open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { parquetMetadataAsync } from 'hyparquet';
import { LacunaError } from '../../spec/errors.js';

/** Bytes of the columns of one row group, as they lie in the file and unpacked. */
export const MAX_BYTES: number = 2 ** 28;

/** The marks at both ends, and how long what the end says is. */
const MIN_BYTES = 12;

export interface OpenParquet {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  close(): Promise<void>;
}

/** A Parquet file and what its end says of it. Whoever asks closes it. */
export async function openParquet(path: string): Promise<OpenParquet> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size < MIN_BYTES) throw new Error(`it has ${size} bytes, fewer than any has`);
    const file: AsyncBuffer = {
      byteLength: size,
      slice: async (start, end = size) => {
        const length = end - start;
        if (!(start >= 0 && length >= 0 && end <= size)) throw new Error('it points out of itself');
        if (length > MAX_BYTES)
          throw new Error(`a part of it has ${length} bytes, more than ${MAX_BYTES}`);
        const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, start);
        if (bytesRead !== length) throw new Error('it ends early');
        return buffer.buffer;
      },
    };
    return { file, metadata: await parquetMetadataAsync(file), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** What the library says of a file, as an error of ours. */
export function undecodable(path: string, error: unknown): LacunaError {
  if (error instanceof LacunaError) return error;
  return new LacunaError({
    where: path,
    what: 'the Parquet file cannot be decoded',
    got: error instanceof Error ? error.message.slice(0, 200) : String(error),
    fix: 'Fetch it again if it is damaged; of codecs, snappy, gzip, brotli, zstd and none are read: write it so, or as JSON Lines.',
  });
}
