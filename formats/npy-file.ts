import type { HostTensor } from '../core/backend.js';
import { elementCount, LacunaError } from '../spec/index.js';
import { FileWriter, type Written } from './whole-file.js';

/** Headers are padded, so that the data begin at a multiple of it. */
const ALIGNMENT = 64;

/** Element types of NumPy that are written, little-endian; `<U8` is text of 8 characters at most. */
export type NpyType = '<f4' | '<i4' | `<U${number}`;

/** An array whose rows come one after the other. */
export interface NpySource {
  readonly type: NpyType;
  readonly shape: readonly number[];
  pieces(): AsyncIterable<HostTensor['data']>;
}

/**
 * Writes a `.npy` file (version 1.0, row-major), piece by piece: no array ever lies in memory whole.
 * @throws LacunaError where the pieces are more or less than the shape says.
 */
export async function writeNpy(path: string, source: NpySource): Promise<Written> {
  const writer = await FileWriter.create(path);
  try {
    for await (const bytes of npyBytes(path, source)) await writer.write(bytes);
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** The bytes of such a file. */
export async function* npyBytes(where: string, source: NpySource): AsyncGenerator<Uint8Array> {
  const { type, shape } = source;
  yield npyHeader(type, shape);
  const expected = npyDataBytes(source);
  let done = 0;
  for await (const { buffer, byteOffset, byteLength } of source.pieces()) {
    done += byteLength;
    if (done <= expected) yield new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (done === expected) return;
  throw new LacunaError({
    where,
    what: 'an array has another size than its file says',
    got: `${done} bytes`,
    expected: `${expected} of ${type} [${shape}]`,
  });
}

/** Bytes of the data, without the header. */
export function npyDataBytes({ type, shape }: Pick<NpySource, 'type' | 'shape'>): number {
  return elementCount(shape) * 4 * (type.startsWith('<U') ? Number(type.slice(2)) : 1);
}

/**
 * The header. Source: the format description of NumPy, numpy.lib.format.
 */
export function npyHeader(type: NpyType, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const start = 10;
  const length = Math.ceil((start + text.length + 1) / ALIGNMENT) * ALIGNMENT - start;
  const bytes = Buffer.alloc(start + length, 0x20);
  bytes.write('\u0093NUMPY\u0001\u0000', 0, 'latin1');
  bytes.writeUInt16LE(length, 8);
  bytes.write(text, start, 'latin1');
  bytes.write('\n', start + length - 1, 'latin1');
  return bytes;
}

/** Texts as an array: four bytes a character, the shorter ones filled up with 0. */
export function npyTexts(texts: readonly string[]): NpySource {
  const points = texts.map((text) => Int32Array.from(text, (each) => each.codePointAt(0) ?? 0));
  const width = points.reduce((most, { length }) => Math.max(most, length), 1);
  return {
    type: `<U${width}`,
    shape: [texts.length],
    pieces: async function* () {
      for (const own of points) {
        const row = new Int32Array(width);
        row.set(own);
        yield row;
      }
    },
  };
}
