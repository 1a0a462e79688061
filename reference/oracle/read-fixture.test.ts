import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LacunaError } from '../../spec/errors.js';
import { parseFixture, readFixture } from './read-fixture.js';

const FOLDER = new URL('./fixtures/', import.meta.url);

/** A safetensors file of this header and body. */
function file(header: unknown, body: readonly number[] = []): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

const ONE = [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]; // 1.0 in little-endian float64

describe('parseFixture', () => {
  it('reads every dtype, scalars, empty tensors and values at odd offsets', () => {
    const minusTwo = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const header = {
      __metadata__: { config: '{"a":1}' },
      flags: { dtype: 'BOOL', shape: [3], data_offsets: [0, 3] },
      scalar: { dtype: 'F64', shape: [], data_offsets: [3, 11] },
      whole: { dtype: 'I64', shape: [1, 1], data_offsets: [11, 19] },
      empty: { dtype: 'U8', shape: [0, 7], data_offsets: [19, 19] },
    };
    const { tensors, metadata } = parseFixture(file(header, [1, 0, 1, ...ONE, ...minusTwo]), 'x');
    expect(metadata.get('config')).toBe('{"a":1}');
    expect(tensors.get('flags')?.data).toEqual(Uint8Array.of(1, 0, 1));
    expect(tensors.get('scalar')).toEqual({ dtype: 'F64', shape: [], data: Float64Array.of(1) });
    expect(tensors.get('whole')).toEqual({ dtype: 'I64', shape: [1, 1], data: Int32Array.of(-2) });
    expect(tensors.get('empty')).toEqual({ dtype: 'U8', shape: [0, 7], data: new Uint8Array(0) });
  });

  it('groups float64 tensors by prefix, and only whole prefixes', () => {
    const at = { dtype: 'F64', shape: [], data_offsets: [0, 8] };
    const fixture = parseFixture(file({ 'grad.a.b': at, gradient: at, 'param.a': at }, ONE), 'x');
    expect([...fixture.group('grad').keys()]).toEqual(['a.b']);
  });

  it.each([
    ['an empty file', new Uint8Array(0)],
    ['seven bytes', new Uint8Array(7)],
    ['a header longer than the file', file({}).subarray(0, 9)],
    ['a header of 2^63 bytes', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 1, 2, 3)],
    ['a header that is not JSON', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7b)],
    ['a header that is a list', file([])],
    ['an entry that is null', file({ a: null })],
    ['a dtype that is not read', file({ a: { dtype: 'F32', shape: [], data_offsets: [0, 4] } })],
    [
      'an inherited name as dtype',
      file({ a: { dtype: 'toString', shape: [], data_offsets: [0, 4] } }),
    ],
    ['no shape', file({ a: { dtype: 'U8', data_offsets: [0, 1] } }, [0])],
    ['a negative size', file({ a: { dtype: 'U8', shape: [-1, -1], data_offsets: [0, 1] } }, [0])],
    ['no offsets', file({ a: { dtype: 'U8', shape: [1], data_offsets: [] } }, [0])],
    ['offsets past the end', file({ a: { dtype: 'F64', shape: [2], data_offsets: [0, 16] } }, ONE)],
    [
      'offsets shorter than the shape',
      file({ a: { dtype: 'F64', shape: [2], data_offsets: [0, 8] } }, ONE),
    ],
    ['offsets in reverse', file({ a: { dtype: 'F64', shape: [0], data_offsets: [8, 0] } }, ONE)],
    ['a huge shape', file({ a: { dtype: 'U8', shape: [2 ** 50], data_offsets: [0, 2 ** 50] } })],
    [
      'an integer beyond 32 bits',
      file({ a: { dtype: 'I64', shape: [], data_offsets: [0, 8] } }, ONE),
    ],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseFixture(bytes, 'x')).toThrow(LacunaError);
  });

  it('names the file and the tensor that is missing or of another dtype', () => {
    const fixture = parseFixture(
      file({ n: { dtype: 'U8', shape: [0], data_offsets: [0, 0] } }),
      'x',
    );
    expect(() => fixture.float64('absent')).toThrow(
      'x: absent: no float64 tensor of this name; got nothing.',
    );
    expect(() => fixture.float64('n')).toThrow('got U8');
  });
});

describe('the frozen fixtures', () => {
  const names = readdirSync(FOLDER).map((name) => name.replace('.safetensors', ''));

  it('stay small', () => {
    const sizes = readdirSync(FOLDER).map((name) => statSync(new URL(name, FOLDER)).size);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(10e6);
  });

  it.each(names)(
    '%s: every byte belongs to one tensor, values are finite, versions are named',
    (name) => {
      const { tensors, metadata } = readFixture(name);
      for (const [key, { data }] of tensors) {
        expect(data.every(Number.isFinite), key).toBe(true);
      }
      const widths = { F64: 8, F32: 4, I64: 8, U8: 1, BOOL: 1 };
      const bytes = [...tensors.values()].map(({ dtype, data }) => data.length * widths[dtype]);
      const file = readFileSync(new URL(`${name}.safetensors`, FOLDER));
      const header = 8 + Number(file.readBigUInt64LE(0));
      expect(header + bytes.reduce((a, b) => a + b, 0)).toBe(file.length);
      expect(metadata.get('torch')).toMatch(/^2\./);
      expect(metadata.get('transformers')).toMatch(/^5\./);
      expect(JSON.parse(metadata.get('config') ?? '')).toHaveProperty('seed');
    },
  );

  it.each(['videomae_tiny', 'videomae_wide'])(
    '%s: each parameter has a gradient and a third step',
    (name) => {
      const fixture = readFixture(name);
      const shapes = (prefix: string): unknown =>
        Object.fromEntries([...fixture.group(prefix)].map(([key, { shape }]) => [key, shape]));
      expect(fixture.group('param').size).toBeGreaterThan(30);
      expect(shapes('grad')).toEqual(shapes('param'));
      expect(shapes('step3')).toEqual(shapes('param'));
      const [first, , , last] = fixture.float64('out.losses').data;
      expect(first).toBe(fixture.float64('out.loss').data[0]);
      expect(last).toBeLessThan(first ?? 0);
    },
  );

  it('refuses a name that leaves the folder', () => {
    expect(() => readFixture('../read-fixture')).toThrow('no name of a fixture');
  });
});
