import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
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
  it('groups float64 tensors by prefix, and only whole prefixes', () => {
    const at = { dtype: 'F64', shape: [], data_offsets: [0, 8] };
    const empty = { dtype: 'F64', shape: [0], data_offsets: [8, 8] };
    const header = { 'grad.a.b': at, gradient: empty, 'param.a': empty };
    const fixture = parseFixture(file(header, ONE), 'x');
    expect([...fixture.group('grad').keys()]).toEqual(['a.b']);
  });

  it('names the file and the tensor that is missing or of another dtype', () => {
    const fixture = parseFixture(
      file({ n: { dtype: 'U8', shape: [0], data_offsets: [0, 0] } }),
      'x',
    );
    expect(() => fixture.float64('absent')).toThrow(
      'x: absent: no float64 tensor of this name; got nothing.',
    );
    expect(() => fixture.float64('n')).toThrow('got u8');
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
      const bytes = [...tensors.values()].map(({ dtype, data }) =>
        // Integers have 8 bytes in the file.
        dtype === 'i32' ? data.length * 8 : data.byteLength,
      );
      const file = readFileSync(new URL(`${name}.safetensors`, FOLDER));
      const header = 8 + Number(file.readBigUInt64LE(0));
      expect(header + bytes.reduce((a, b) => a + b, 0)).toBe(file.length);
      expect(metadata.get('torch')).toMatch(/^(2|1\.13)\./);
      // What is made in plain PyTorch names no transformers.
      expect(metadata.get('transformers') ?? 'not used').toMatch(/^5\.|^not used$/);
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
