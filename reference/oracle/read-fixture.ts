import { readFileSync } from 'node:fs';
import { LacunaError } from '../../spec/errors.js';

/** A tensor of a fixture, values in row-major order. `BOOL` holds 0 and 1. */
export type FixtureTensor =
  | { readonly dtype: 'F64'; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: 'F32'; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: 'I64'; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: 'U8' | 'BOOL'; readonly shape: readonly number[]; readonly data: Uint8Array };

export type Float64Tensor = Extract<FixtureTensor, { dtype: 'F64' }>;

export interface Fixture {
  readonly tensors: ReadonlyMap<string, FixtureTensor>;
  /** `about`, `config` (JSON), and the versions of the libraries that made the file. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The float64 tensor of this name. Throws when there is none. */
  float64(name: string): Float64Tensor;
  /** The float64 tensors under `prefix.`, by the rest of their names: `group('grad')`. */
  group(prefix: string): ReadonlyMap<string, Float64Tensor>;
}

const MAX_HEADER_BYTES = 1 << 20;
const BYTES_PER_VALUE = { F64: 8, F32: 4, I64: 8, U8: 1, BOOL: 1 } as const;
type Dtype = keyof typeof BYTES_PER_VALUE;

/** Reads `fixtures/<name>.safetensors`. README.md says what each fixture holds. */
export function readFixture(name: string): Fixture {
  if (!/^[a-z_]+$/.test(name)) {
    throw new LacunaError({
      what: 'this is no name of a fixture',
      got: JSON.stringify(name),
      expected: 'lower-case letters and underscores, without folder or extension',
    });
  }
  const path = new URL(`./fixtures/${name}.safetensors`, import.meta.url);
  return parseFixture(readFileSync(path), `${name}.safetensors`);
}

/**
 * Parses a safetensors file: u64 header length, JSON header, then the values, little-endian.
 * Every offset, shape and length is checked before anything is allocated.
 */
export function parseFixture(file: Uint8Array, where: string): Fixture {
  const { header, body } = split(file, where);
  const metadata = new Map<string, string>();
  const tensors = new Map<string, FixtureTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries(record(entry, `${where}: ${name}`))) {
        metadata.set(key, String(value));
      }
    } else {
      tensors.set(name, tensor(record(entry, `${where}: ${name}`), body, `${where}: ${name}`));
    }
  }
  return {
    tensors,
    metadata,
    float64(name) {
      const found = tensors.get(name);
      if (found?.dtype === 'F64') return found;
      const got = found === undefined ? 'nothing' : found.dtype;
      throw new LacunaError({
        what: 'no float64 tensor of this name',
        where: `${where}: ${name}`,
        got,
      });
    },
    group(prefix) {
      const found = new Map<string, Float64Tensor>();
      for (const [name, value] of tensors) {
        if (value.dtype === 'F64' && name.startsWith(`${prefix}.`)) {
          found.set(name.slice(prefix.length + 1), value);
        }
      }
      return found;
    },
  };
}

function split(
  file: Uint8Array,
  where: string,
): { header: Record<string, unknown>; body: DataView } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = file.byteLength < 8 ? -1 : Number(view.getBigUint64(0, true));
  if (length < 2 || length > MAX_HEADER_BYTES || length > file.byteLength - 8) {
    throw new LacunaError({
      what: 'this is no whole safetensors file',
      where,
      got: length < 0 ? `${file.byteLength} bytes` : `a header of ${length} bytes`,
      expected: `a header of at most ${MAX_HEADER_BYTES} bytes inside the file`,
    });
  }
  const text = new TextDecoder().decode(file.subarray(8, 8 + length));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new LacunaError({ what: 'the header is not JSON', where }, { cause });
  }
  const body = new DataView(
    file.buffer,
    file.byteOffset + 8 + length,
    file.byteLength - 8 - length,
  );
  return { header: record(parsed, where), body };
}

function tensor(entry: Record<string, unknown>, body: DataView, where: string): FixtureTensor {
  const { dtype, shape: sizes, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    throw new LacunaError({
      what: 'this dtype is not read here',
      where,
      got: JSON.stringify(dtype),
      expected: Object.keys(BYTES_PER_VALUE).join(', '),
    });
  }
  const shape = counts(sizes, `${where}: shape`);
  const [begin = 0, end = -1] = counts(offsets, `${where}: data_offsets`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (end > body.byteLength || end - begin !== count * BYTES_PER_VALUE[dtype]) {
    throw new LacunaError({
      what: 'the offsets do not fit the shape or the file',
      where,
      got: `bytes ${begin} to ${end} for shape [${shape}] of ${dtype}`,
      expected: `${count * BYTES_PER_VALUE[dtype]} bytes within ${body.byteLength}`,
    });
  }
  if (dtype === 'F64') {
    const data = Float64Array.from({ length: count }, (_, i) =>
      body.getFloat64(begin + 8 * i, true),
    );
    return { dtype, shape, data };
  }
  if (dtype === 'F32') {
    const data = Float32Array.from({ length: count }, (_, i) =>
      body.getFloat32(begin + 4 * i, true),
    );
    return { dtype, shape, data };
  }
  if (dtype === 'I64') {
    const data = Int32Array.from({ length: count }, (_, i) => int32(body, begin + 8 * i, where));
    return { dtype, shape, data };
  }
  return {
    dtype,
    shape,
    data: Uint8Array.from({ length: count }, (_, i) => body.getUint8(begin + i)),
  };
}

function int32(body: DataView, offset: number, where: string): number {
  const value = body.getBigInt64(offset, true);
  if (BigInt.asIntN(32, value) !== value) {
    throw new LacunaError({ what: 'an integer does not fit 32 bits', where, got: `${value}` });
  }
  return Number(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === 'string' && Object.hasOwn(BYTES_PER_VALUE, value);
}

function counts(value: unknown, where: string): readonly number[] {
  const isCount = (item: unknown): item is number =>
    Number.isSafeInteger(item) && Number(item) >= 0;
  if (Array.isArray(value) && value.every(isCount)) return value;
  throw new LacunaError({
    what: 'not a list of counts',
    where,
    got: JSON.stringify(value),
    expected: 'non-negative integers',
  });
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new LacunaError({ what: 'not a JSON object', where, got: JSON.stringify(value) });
}
