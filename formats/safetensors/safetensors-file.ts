import type { FileHandle } from 'node:fs/promises';
import type { HostTensor } from '../../core/backend.js';
import { elementCount, formatType, LacunaError, type ValueDeclaration } from '../../spec/index.js';
import { codeOf, openPlain } from '../file-operations.js';
import { FileWriter, type Written } from '../whole-file.js';
import { ENCODINGS } from './encoding.js';
import {
  damaged,
  type Extent,
  encodeHeader,
  type Header,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
} from './header.js';

/** Readers of other libraries ask for it: the tensors are as PyTorch stores them. */
const METADATA: Readonly<Record<string, string>> = { format: 'pt' };

/**
 * Writes tensors as a new safetensors file. `read` is asked for one tensor at a time, in order, so
 * that the whole never lies in memory.
 *
 * @param metadata Names and texts to add to the header.
 * @throws LacunaError if a tensor that was read has another type than declared.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly ValueDeclaration[],
  read: (name: string) => Promise<HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Written> {
  return writeSafetensorsPieces(
    path,
    tensors,
    async function* (declared) {
      const tensor = await read(declared.name);
      if (formatType(tensor) !== formatType(declared)) {
        throw new LacunaError({
          where: declared.name,
          what: 'a tensor has another type than its file says',
          got: formatType(tensor),
          expected: formatType(declared),
        });
      }
      yield tensor.data;
    },
    metadata,
  );
}

/**
 * The same of tensors that come in pieces, of rows for example, so that no tensor ever lies in memory whole.
 *
 * @param metadata Texts in the file's header, beside the format.
 * @throws LacunaError if the pieces of a tensor are more or less than declared.
 */
export async function writeSafetensorsPieces(
  path: string,
  tensors: readonly ValueDeclaration[],
  pieces: (tensor: ValueDeclaration) => AsyncIterable<HostTensor['data']>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Written> {
  const writer = await FileWriter.create(path);
  try {
    await writer.write(encodeHeader(tensors, { ...METADATA, ...metadata }));
    for (const declared of tensors) {
      let elements = 0;
      for await (const data of pieces(declared)) {
        elements += data.length;
        await writer.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      }
      if (elements === elementCount(declared.shape)) continue;
      throw new LacunaError({
        where: declared.name,
        what: 'a tensor has another size than its file says',
        got: `${elements} elements`,
        expected: formatType(declared),
      });
    }
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** An open safetensors file, whose tensors are read one by one. */
export class SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, Extent>;
  /** Names and texts that whoever wrote it added. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly #handle: FileHandle;
  readonly #dataStart: number;

  private constructor(
    path: string,
    handle: FileHandle,
    { tensors, metadata }: Header,
    dataStart: number,
  ) {
    this.path = path;
    this.tensors = tensors;
    this.metadata = metadata;
    this.#handle = handle;
    this.#dataStart = dataStart;
  }

  /**
   * Opens a plain file; no link is followed.
   * @throws LacunaError if the file is no safetensors file, or its header and size disagree.
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const { handle, size } = await openPlain(path).catch((cause: unknown) => {
      if (cause instanceof LacunaError) throw cause;
      throw damaged(path, `it cannot be opened (${codeOf(cause)})`);
    });
    try {
      const first = await readBytes(handle, path, 0, Math.min(size, LENGTH_BYTES));
      const length = headerLength(path, new Uint8Array(first), size);
      const header = await readBytes(handle, path, LENGTH_BYTES, length);
      const dataStart = LENGTH_BYTES + length;
      const parsed = parseHeader(path, new Uint8Array(header), size - dataStart);
      return new SafetensorsFile(path, handle, parsed, dataStart);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @throws LacunaError if there is no such tensor, or the file became shorter. */
  async read(name: string): Promise<HostTensor> {
    const { dtype, shape } = this.#extent(name);
    return { dtype, shape, data: await this.readElements(name, 0, elementCount(shape)) };
  }

  /**
   * Elements of a tensor, from one up to another, as they lie in the file.
   * @throws LacunaError if there is no such tensor, it has fewer, or the file became shorter.
   */
  async readElements(name: string, from: number, to: number): Promise<HostTensor['data']> {
    const { encoding, shape, start } = this.#extent(name);
    if (!(from >= 0 && from <= to && to <= elementCount(shape))) {
      throw new LacunaError({
        where: `${this.path}: ${name}`,
        what: 'the tensor has no such elements',
        got: `${from} to ${to}`,
        expected: `within ${elementCount(shape)}`,
      });
    }
    const { bytes: size, read } = ENCODINGS[encoding];
    const position = this.#dataStart + start + from * size;
    const bytes = await readBytes(this.#handle, this.path, position, (to - from) * size);
    return read(bytes, `${this.path}: ${name}`);
  }

  #extent(name: string): Extent {
    const extent = this.tensors.get(name);
    if (extent !== undefined) return extent;
    throw new LacunaError({ where: this.path, what: 'the file has no such tensor', got: name });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readBytes(
  handle: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<ArrayBuffer> {
  const buffer = room(path, length);
  let done = 0;
  while (done < length) {
    const part = Math.min(length - done, 64 * 2 ** 20);
    const { bytesRead } = await handle.read(new Uint8Array(buffer, done, part), {
      position: position + done,
    });
    if (bytesRead === 0) throw damaged(path, 'it ends too early');
    done += bytesRead;
  }
  return buffer;
}

function room(path: string, length: number): ArrayBuffer {
  try {
    return new ArrayBuffer(length);
  } catch {
    throw damaged(path, `a part of it, of ${length} bytes, does not fit into the memory`);
  }
}
