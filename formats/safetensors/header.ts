import {
  type DType,
  elementCount,
  LacunaError,
  type TensorType,
  type ValueDeclaration,
} from '../../spec/index.js';
import { ENCODINGS, type EncodingName, WRITTEN_AS } from './encoding.js';

/** Where a tensor lies in a file, in bytes from the start of the data. */
export interface Extent extends TensorType {
  readonly encoding: EncodingName;
  readonly start: number;
  readonly end: number;
}

/** What a header says of its file. */
export interface Header {
  readonly tensors: ReadonlyMap<string, Extent>;
  /** Names and texts that whoever wrote the file added, such as versions. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The header's length is the first thing in a file: an unsigned integer of so many bytes. */
export const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 16 * 2 ** 20;
const MAX_TENSORS = 100_000;
const MAX_AXES = 16;

/**
 * The bytes before the data: the header's length and the header, JSON that names for each tensor its
 * `dtype`, `shape` and `data_offsets`, padded with spaces so that the data start at a multiple of 8.
 *
 * Source: the format description of huggingface/safetensors.
 */
export function encodeHeader(
  tensors: readonly ValueDeclaration[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: Record<string, object> = metadata === undefined ? {} : { __metadata__: metadata };
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    const encoding = WRITTEN_AS[dtype];
    const end = offset + elementCount(shape) * ENCODINGS[encoding].bytes;
    entries[name] = { dtype: encoding, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/**
 * The header's length of a file that has `fileBytes`, of its first 8 bytes or more.
 *
 * @throws LacunaError where the file has fewer, or its header would not fit in it.
 */
export function headerLength(where: string, first: Uint8Array, fileBytes: number): number {
  if (fileBytes < LENGTH_BYTES) throw damaged(where, `it has ${fileBytes} bytes`);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES || Number(length) > fileBytes - LENGTH_BYTES) {
    throw damaged(where, `its header claims ${length} bytes`);
  }
  return Number(length);
}

/**
 * Reads a header and checks it against the `dataBytes` that follow it: each byte of them belongs to
 * one tensor. Nothing that it returns can make a read leave the file.
 *
 * @throws LacunaError that names the file and what of it is damaged or not supported.
 */
export function parseHeader(where: string, header: Uint8Array, dataBytes: number): Header {
  let entries: unknown;
  try {
    entries = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(header));
  } catch {
    throw damaged(where, 'its header is not JSON');
  }
  if (!isObject(entries)) throw damaged(where, 'its header is no JSON object');
  const { __metadata__: metadata = {}, ...rest } = entries;
  const names = Object.keys(rest);
  if (names.length > MAX_TENSORS) throw damaged(where, `it claims ${names.length} tensors`);
  const tensors = new Map(names.map((name) => [name, parseExtent(where, name, rest[name])]));
  checkCovered(where, tensors, dataBytes);
  return { tensors, metadata: parseMetadata(where, metadata) };
}

/** A file that cannot be used, as an error that says why. */
export function damaged(where: string, what: string): LacunaError {
  return new LacunaError({ where, what: `this safetensors file is damaged: ${what}` });
}

function parseExtent(where: string, name: string, entry: unknown): Extent {
  if (!isObject(entry)) throw damaged(where, `the entry of ${shown(name)} is malformed`);
  const { dtype: encoding, shape, data_offsets: offsets } = entry;
  if (!isEncoding(encoding)) {
    throw damaged(where, `the type ${shown(encoding)} of ${shown(name)} is not supported`);
  }
  if (!isCounts(shape) || shape.length > MAX_AXES || !isCounts(offsets) || offsets.length !== 2) {
    throw damaged(where, `the entry of ${shown(name)} is malformed`);
  }
  const [start, end] = offsets as [number, number];
  const bytes = elementCount(shape) * ENCODINGS[encoding].bytes;
  if (!Number.isSafeInteger(bytes) || end - start !== bytes) {
    throw damaged(where, `the shape of ${shown(name)} does not fit its ${end - start} bytes`);
  }
  const dtype: DType = ENCODINGS[encoding].dtype;
  return { encoding, dtype, shape, start, end };
}

function checkCovered(
  where: string,
  tensors: ReadonlyMap<string, Extent>,
  dataBytes: number,
): void {
  let offset = 0;
  const inOrder = [...tensors].sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  for (const [name, { start, end }] of inOrder) {
    if (start !== offset) throw damaged(where, `the data of ${shown(name)} overlap or leave a gap`);
    offset = end;
  }
  if (offset !== dataBytes) {
    throw damaged(where, `its tensors take ${offset} bytes, but ${dataBytes} are there`);
  }
}

function parseMetadata(where: string, metadata: unknown): ReadonlyMap<string, string> {
  if (!isObject(metadata)) throw damaged(where, 'its metadata are no JSON object');
  return new Map(
    Object.entries(metadata).map(([name, text]) => {
      if (typeof text === 'string') return [name, text];
      throw damaged(where, `its metadata ${shown(name)} are no text`);
    }),
  );
}

function isEncoding(value: unknown): value is EncodingName {
  return typeof value === 'string' && Object.hasOwn(ENCODINGS, value);
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
