import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostTensor } from '../../core/backend.js';
import { LacunaError } from '../../spec/errors.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors-bytes.js';
import { SafetensorsFile, writeSafetensors } from './safetensors-file.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A safetensors file of this header and data. */
function file(header: unknown, data: readonly number[] = []): Uint8Array {
  return raw(new TextEncoder().encode(JSON.stringify(header)), data);
}

function raw(header: Uint8Array, data: readonly number[] = []): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

const ONE = [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]; // 1.0 in little-endian float64

const TENSORS: ReadonlyMap<string, HostTensor> = new Map<string, HostTensor>([
  ['f64', { dtype: 'f64', shape: [], data: Float64Array.of(Math.PI) }],
  ['f32', { dtype: 'f32', shape: [1, 3], data: Float32Array.of(1.5, -0, Number.NaN) }],
  ['f16', { dtype: 'f16', shape: [1], data: Uint16Array.of(0x3c00) }],
  ['bf16', { dtype: 'bf16', shape: [1], data: Uint16Array.of(0x3f80) }],
  ['i32', { dtype: 'i32', shape: [2], data: Int32Array.of(-(2 ** 31), 7) }],
  ['u8', { dtype: 'u8', shape: [3], data: Uint8Array.of(0, 1, 255) }],
  ['bool', { dtype: 'bool', shape: [2, 0], data: new Uint8Array(0) }],
  ['ünïcode', { dtype: 'f64', shape: [1], data: Float64Array.of(2) }],
]);

describe('tensors as bytes', () => {
  it('are the same after they were encoded and decoded, whatever their type', () => {
    const bytes = encodeSafetensors(TENSORS);
    expect(decodeSafetensors(bytes, 'x').tensors).toEqual(TENSORS);
    expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
  });

  it('are read at odd offsets, 64-bit integers as i32, with the metadata', () => {
    const minusTwo = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const header = {
      __metadata__: { config: '{"a":1}' },
      flags: { dtype: 'BOOL', shape: [3], data_offsets: [0, 3] },
      scalar: { dtype: 'F64', shape: [], data_offsets: [3, 11] },
      whole: { dtype: 'I64', shape: [1, 1], data_offsets: [11, 19] },
      empty: { dtype: 'U8', shape: [0, 7], data_offsets: [19, 19] },
    };
    const { tensors, metadata } = decodeSafetensors(
      file(header, [1, 0, 1, ...ONE, ...minusTwo]),
      'x',
    );
    expect(metadata).toEqual(new Map([['config', '{"a":1}']]));
    expect(tensors.get('flags')?.data).toEqual(Uint8Array.of(1, 0, 1));
    expect(tensors.get('scalar')).toEqual({ dtype: 'f64', shape: [], data: Float64Array.of(1) });
    expect(tensors.get('whole')).toEqual({ dtype: 'i32', shape: [1, 1], data: Int32Array.of(-2) });
    expect(tensors.get('empty')).toEqual({ dtype: 'u8', shape: [0, 7], data: new Uint8Array(0) });
  });
});

const U8 = { dtype: 'U8', shape: [1], data_offsets: [0, 1] };

const REFUSED: readonly (readonly [what: string, bytes: Uint8Array, sentence: string])[] = [
  ['an empty file', new Uint8Array(0), 'it has 0 bytes'],
  ['seven bytes', new Uint8Array(7), 'it has 7 bytes'],
  ['a header longer than the file', file({}).subarray(0, 9), 'its header claims 2 bytes'],
  [
    'a header of 2^63 bytes',
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 1, 2, 3),
    'its header claims 9223372036854775808 bytes',
  ],
  ['a header that is not JSON', raw(Uint8Array.of(0x7b, 0x7b)), 'its header is not JSON'],
  ['a header that is not UTF-8', raw(Uint8Array.of(0x22, 0xff, 0x22)), 'its header is not JSON'],
  ['a header that is a list', file([]), 'its header is no JSON object'],
  ['metadata that are a list', file({ __metadata__: [] }), 'its metadata are no JSON object'],
  ['metadata of numbers', file({ __metadata__: { a: 1 } }), 'its metadata "a" are no text'],
  ['an entry that is null', file({ a: null }), 'the entry of "a" is malformed'],
  ['an unknown type', file({ a: { ...U8, dtype: 'F8' } }, [0]), 'the type "F8" of "a" is not'],
  [
    'an inherited name as type',
    file({ a: { ...U8, dtype: 'toString' } }, [0]),
    'the type "toString" of "a" is not supported',
  ],
  ['no shape', file({ a: { ...U8, shape: undefined } }, [0]), 'the entry of "a" is malformed'],
  [
    'a negative size',
    file({ a: { ...U8, shape: [-1, -1] } }, [0]),
    'the entry of "a" is malformed',
  ],
  [
    '17 axes',
    file({ a: { ...U8, shape: Array(17).fill(1) } }, [0]),
    'the entry of "a" is malformed',
  ],
  ['no offsets', file({ a: { ...U8, data_offsets: [] } }, [0]), 'the entry of "a" is malformed'],
  [
    'offsets shorter than the shape',
    file({ a: { ...U8, shape: [2] } }, [0]),
    'the shape of "a" does not fit its 1 bytes',
  ],
  [
    'offsets in reverse',
    file({ a: { ...U8, shape: [0], data_offsets: [1, 0] } }, [0]),
    'the shape of "a" does not fit its -1 bytes',
  ],
  [
    'a shape of 2^56 bytes',
    file({ a: { dtype: 'F64', shape: [2 ** 53 - 1], data_offsets: [0, 2 ** 53 - 1] } }),
    'the shape of "a" does not fit',
  ],
  [
    'offsets past the end',
    file({ a: { ...U8, shape: [2], data_offsets: [0, 2] } }, [0]),
    'its tensors take 2 bytes, but 1 are there',
  ],
  ['data of no tensor', file({ a: U8 }, [0, 0]), 'its tensors take 1 bytes, but 2 are there'],
  [
    'a gap',
    file({ a: { ...U8, data_offsets: [1, 2] } }, [0, 0]),
    'the data of "a" overlap or leave a gap',
  ],
  [
    'two tensors in one place',
    file({ a: U8, b: U8 }, [0]),
    'the data of "b" overlap or leave a gap',
  ],
  [
    '100,001 tensors',
    file(Object.fromEntries(Array.from({ length: 100_001 }, (_, i) => [i, 0]))),
    'it claims 100001 tensors',
  ],
];

describe('a damaged file', () => {
  it.each(REFUSED)('of %s is refused, as bytes and on the disk', async (_, bytes, sentence) => {
    const path = join(folder, 'damaged.safetensors');
    writeFileSync(path, bytes);
    const refused = (error: unknown): void => {
      expect(error).toBeInstanceOf(LacunaError);
      expect(String(error)).toContain(`${path}: this safetensors file is damaged: ${sentence}`);
    };
    await SafetensorsFile.open(path).then(() => expect.unreachable(), refused);
    try {
      decodeSafetensors(bytes, path);
    } catch (error) {
      refused(error);
      return;
    }
    expect.unreachable();
  });

  it('of an integer beyond 32 bits is refused when it is read', async () => {
    const bytes = file({ a: { dtype: 'I64', shape: [], data_offsets: [0, 8] } }, ONE);
    const path = join(folder, 'wide.safetensors');
    writeFileSync(path, bytes);
    const sentence = ': a: an integer does not fit 32 bits; got 4607182418800017408.';
    expect(() => decodeSafetensors(bytes, 'x')).toThrow(`x${sentence}`);
    const opened = await SafetensorsFile.open(path);
    await expect(opened.read('a')).rejects.toThrow(`${path}${sentence}`);
    await opened.close();
  });
});

describe('a safetensors file on the disk', () => {
  const declared = [...TENSORS].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const read = async (name: string): Promise<HostTensor> => TENSORS.get(name) as HostTensor;

  it('holds what was written, and is what PyTorch would call its own', async () => {
    const path = join(folder, 'whole.safetensors');
    const { bytes } = await writeSafetensors(path, declared, read);
    const opened = await SafetensorsFile.open(path);
    for (const [name, tensor] of TENSORS) expect(await opened.read(name)).toEqual(tensor);
    await expect(opened.read('other')).rejects.toThrow('the file has no such tensor; got other.');
    await opened.close();
    const content = readFileSync(path);
    expect(content.length).toBe(bytes);
    expect(decodeSafetensors(content, path).metadata).toEqual(new Map([['format', 'pt']]));
  });

  it('is refused where it is missing, and where it was cut off after it was opened', async () => {
    await expect(SafetensorsFile.open(join(folder, 'none'))).rejects.toThrow(
      'it cannot be opened (ENOENT)',
    );
    const path = join(folder, 'cut.safetensors');
    const { bytes } = await writeSafetensors(path, declared, read);
    const opened = await SafetensorsFile.open(path);
    truncateSync(path, bytes - 4);
    await expect(opened.read('ünïcode')).rejects.toThrow('it ends too early');
    await opened.close();
  });

  it('is not written of a tensor that has another type than declared', async () => {
    const wrong = async (): Promise<HostTensor> => ({
      dtype: 'i32',
      shape: [1],
      data: Int32Array.of(1),
    });
    const path = join(folder, 'other.safetensors');
    await expect(writeSafetensors(path, declared, wrong)).rejects.toThrow(
      'f64: a tensor has another type than its file says; got i32[1], expected f64[].',
    );
  });
});
