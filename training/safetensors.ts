import { type FileHandle, open } from 'node:fs/promises';
import type { HostData, HostTensor } from '../core/backend.js';
import { FileWriter, type Written } from '../data/write-file.js';
import {
  type DType,
  elementCount,
  formatType,
  LacunaError,
  type TensorType,
  type ValueDeclaration,
} from '../spec/index.js';

/** Where a tensor lies in a file, counted from the start of the data. */
interface Extent extends TensorType {
  readonly start: number;
  readonly end: number;
}

interface Encoding {
  readonly name: string;
  readonly bytes: number;
  readonly view: (bytes: ArrayBuffer) => HostData;
}

const ENCODINGS: Readonly<Record<DType, Encoding>> = {
  f64: { name: 'F64', bytes: 8, view: (bytes) => new Float64Array(bytes) },
  f32: { name: 'F32', bytes: 4, view: (bytes) => new Float32Array(bytes) },
  f16: { name: 'F16', bytes: 2, view: (bytes) => new Uint16Array(bytes) },
  bf16: { name: 'BF16', bytes: 2, view: (bytes) => new Uint16Array(bytes) },
  i32: { name: 'I32', bytes: 4, view: (bytes) => new Int32Array(bytes) },
  u8: { name: 'U8', bytes: 1, view: (bytes) => new Uint8Array(bytes) },
  bool: { name: 'BOOL', bytes: 1, view: (bytes) => new Uint8Array(bytes) },
};

const HEADER_LENGTH_BYTES = 8;
const MOST_HEADER_BYTES = 16 * 2 ** 20;
const MOST_TENSORS = 100_000;
const MOST_AXES = 16;

/**
 * Writes tensors as a new safetensors file: an 8-byte header length, a JSON header, then the data,
 * little-endian and row-major. `read` is asked for one tensor at a time, in order, so that the
 * whole never lies in memory.
 *
 * Source: the format description of huggingface/safetensors.
 * @throws LacunaError if a tensor that was read has another type than declared.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly ValueDeclaration[],
  read: (name: string) => Promise<HostTensor>,
): Promise<Written> {
  const writer = await FileWriter.create(path);
  try {
    await writer.write(header(tensors));
    for (const declared of tensors) {
      const tensor = await read(declared.name);
      if (formatType(tensor) !== formatType(declared)) {
        throw new LacunaError({
          where: declared.name,
          what: 'a tensor has another type than its file says',
          got: formatType(tensor),
          expected: formatType(declared),
        });
      }
      const { buffer, byteOffset, byteLength } = tensor.data;
      await writer.write(new Uint8Array(buffer, byteOffset, byteLength));
    }
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** An open safetensors file. Its header was checked; nothing in it can make a read leave the file. */
export class SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorType>;
  readonly #handle: FileHandle;
  readonly #extents: ReadonlyMap<string, Extent>;
  readonly #dataStart: number;

  private constructor(
    path: string,
    handle: FileHandle,
    extents: ReadonlyMap<string, Extent>,
    dataStart: number,
  ) {
    this.path = path;
    this.tensors = extents;
    this.#handle = handle;
    this.#extents = extents;
    this.#dataStart = dataStart;
  }

  /** @throws LacunaError if the file is no safetensors file, or its header and size disagree. */
  static async open(path: string): Promise<SafetensorsFile> {
    const handle = await open(path, 'r').catch((cause: unknown) => {
      throw damaged(path, `it cannot be opened (${messageOf(cause)})`);
    });
    try {
      const { size } = await handle.stat();
      if (size < HEADER_LENGTH_BYTES) throw damaged(path, `it has ${size} bytes`);
      const prefix = await readBytes(handle, path, 0, HEADER_LENGTH_BYTES);
      const length = new DataView(prefix).getBigUint64(0, true);
      if (length > MOST_HEADER_BYTES || Number(length) > size - HEADER_LENGTH_BYTES) {
        throw damaged(path, `its header claims ${length} bytes`);
      }
      const text = await readBytes(handle, path, HEADER_LENGTH_BYTES, Number(length));
      const dataStart = HEADER_LENGTH_BYTES + Number(length);
      const extents = parseHeader(path, text, size - dataStart);
      return new SafetensorsFile(path, handle, extents, dataStart);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @throws LacunaError if there is no such tensor, or the file became shorter. */
  async read(name: string): Promise<HostTensor> {
    const extent = this.#extents.get(name);
    if (extent === undefined) {
      throw new LacunaError({ where: this.path, what: 'the file has no such tensor', got: name });
    }
    const { dtype, shape, start, end } = extent;
    const bytes = await readBytes(this.#handle, this.path, this.#dataStart + start, end - start);
    return { dtype, shape, data: ENCODINGS[dtype].view(bytes) };
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

function header(tensors: readonly ValueDeclaration[]): Uint8Array {
  const entries: Record<string, object> = { __metadata__: { format: 'pt' } };
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = offset + elementCount(shape) * ENCODINGS[dtype].bytes;
    entries[name] = { dtype: ENCODINGS[dtype].name, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  // Padded with spaces, so that the data starts at a multiple of 8.
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(HEADER_LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, HEADER_LENGTH_BYTES);
  return bytes;
}

function parseHeader(path: string, bytes: ArrayBuffer, dataBytes: number): Map<string, Extent> {
  let entries: unknown;
  try {
    entries = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw damaged(path, 'its header is not JSON');
  }
  if (!isObject(entries)) throw damaged(path, 'its header is no JSON object');
  const names = Object.keys(entries).filter((name) => name !== '__metadata__');
  if (names.length > MOST_TENSORS) throw damaged(path, `it claims ${names.length} tensors`);
  const extents = names.map((name) => [name, parseExtent(path, name, entries[name])] as const);
  let offset = 0;
  for (const [name, { start, end }] of [...extents].sort(
    ([, a], [, b]) => a.start - b.start || a.end - b.end,
  )) {
    if (start !== offset) throw damaged(path, `the data of ${shown(name)} overlap or leave a gap`);
    offset = end;
  }
  if (offset !== dataBytes) {
    throw damaged(path, `its tensors take ${offset} bytes, but ${dataBytes} are there`);
  }
  return new Map(extents);
}

function parseExtent(path: string, name: string, entry: unknown): Extent {
  if (!isObject(entry)) throw damaged(path, `the entry of ${shown(name)} is malformed`);
  const dtype = (Object.keys(ENCODINGS) as DType[]).find(
    (each) => ENCODINGS[each].name === entry.dtype,
  );
  if (dtype === undefined) {
    throw damaged(path, `the type ${shown(entry.dtype)} of ${shown(name)} is not supported`);
  }
  const { shape, data_offsets: offsets } = entry;
  if (!isCounts(shape) || shape.length > MOST_AXES || !isCounts(offsets) || offsets.length !== 2) {
    throw damaged(path, `the entry of ${shown(name)} is malformed`);
  }
  const [start, end] = offsets as [number, number];
  const bytes = elementCount(shape) * ENCODINGS[dtype].bytes;
  if (!Number.isSafeInteger(bytes) || end - start !== bytes) {
    throw damaged(path, `the shape of ${shown(name)} does not fit its ${end - start} bytes`);
  }
  return { dtype, shape, start, end };
}

async function readBytes(
  handle: FileHandle,
  path: string,
  position: number,
  length: number,
): Promise<ArrayBuffer> {
  const buffer = new ArrayBuffer(length);
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

function damaged(path: string, what: string): LacunaError {
  return new LacunaError({ where: path, what: `this safetensors file is damaged: ${what}` });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 80) ?? String(value);
}

function messageOf(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return String(cause);
}
