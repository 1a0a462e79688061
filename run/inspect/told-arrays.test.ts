import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf } from '../../core/testing/refusal.js';
import { type NpySource, npyTexts, writeNpy, writeNpz, writeParquet } from '../../formats/index.js';
import { LacunaError } from '../../spec/errors.js';
import { inspect } from './inspect.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-told-arrays-'));
  await writeNpy(at('v.npy'), vectors);
  await writeNpz(at('v.npz'), { vectors, ids });
  await copyFile(PACKED, at('packed.npz'));
});
afterAll(() => rm(folder, { recursive: true }));

async function* rows(): AsyncGenerator<Float32Array> {
  for (let row = 0; row < 3; row++) yield new Float32Array(4).fill(row);
}
const vectors: NpySource = { type: '<f4', shape: [3, 4], pieces: rows };
const ids = npyTexts(['a.mp4', 'b.mp4', 'c.mp4']);

/** What `fixtures/packed_arrays.py` wrote. */
const PACKED = join(import.meta.dirname, 'fixtures/numpy-compressed.npz');

describe('inspect', () => {
  it('tells the shape of a .npy file', async () => {
    expect(await inspect(at('v.npy'))).toMatchObject({
      kind: 'an array of NumPy',
      facts: { order: 'row-major' },
      tensors: [{ name: 'v', dtype: '<f4', shape: [3, 4] }],
    });
  });

  it('tells the arrays of a .npz file, as Lacuna and as NumPy write it', async () => {
    expect((await inspect(at('v.npz'))).tensors).toEqual([
      { name: 'vectors', dtype: '<f4', shape: [3, 4] },
      { name: 'ids', dtype: '<U5', shape: [3], role: 'column' },
    ]);
    expect((await inspect(at('packed.npz'))).tensors).toEqual([
      { name: 'scores', dtype: '<f8', shape: [3, 2] },
      { name: 'names', dtype: '<U2', shape: [2], role: 'column' },
    ]);
  });

  it.each([
    ["'f4'", '(2, 2)', 16, undefined],
    ["'=i8'", '(2,)', 16, undefined],
    ["'<M8[ns]'", '(2,)', 16, 'column'],
    ["'|O'", '(2,)', 5, 'column'],
    ["'|O8'", '(2,)', 5, 'column'],
  ] as const)('tells an array of %s', async (descr, shape, bytes, role) => {
    await writeFile(at('told.npy'), header(descr, shape, bytes));
    const [tensor] = (await inspect(at('told.npy'))).tensors;
    expect([tensor?.dtype, tensor?.role]).toEqual([descr.slice(1, -1), role]);
  });

  it('tells a thousand arrays over the same few bytes, without all that those stand for', async () => {
    // A true header, then 16 MB of zeros, a thousand times: 16 GB.
    const whole = archive(
      Buffer.concat([header("'<f4'", '(2,)', 8), Buffer.alloc(2 ** 24 - 2 ** 18)]),
      { size: header("'<f4'", '(2,)', 8).length },
    );
    const ending = whole.subarray(-22);
    const start = ending.readUInt32LE(16);
    const entry = whole.subarray(start, -22);
    ending.writeUInt16LE(1000, 10);
    ending.writeUInt32LE(1000 * entry.length, 12);
    const entries = Array.from({ length: 1000 }, () => entry);
    await writeFile(at('many.npz'), Buffer.concat([whole.subarray(0, start), ...entries, ending]));
    const before = process.cpuUsage();
    const { tensors } = await inspect(at('many.npz'));
    const { user, system } = process.cpuUsage(before);
    expect(tensors).toHaveLength(1000);
    expect((user + system) / 1e6).toBeLessThan(3);
  });

  it('tells the columns of a Parquet file, and what it says of itself', async () => {
    const texts = { ids: ['a', 'b', 'c'] };
    const table = { name: 'vectors', width: 4, texts, metadata: { lacuna: '{"format":1}' }, rows };
    await writeParquet(at('v.parquet'), table);
    expect(await inspect(at('v.parquet'))).toMatchObject({
      kind: 'a Parquet file',
      facts: {
        rows: 3,
        'row groups': 1,
        columns: 2,
        writer: 'lacuna',
        'values in vectors': 12,
        'metadata lacuna': '{"format":1}',
      },
      tensors: [
        { name: 'ids', dtype: 'BYTE_ARRAY (UTF8)', shape: [3], role: 'column' },
        { name: 'vectors', dtype: 'list of FLOAT', shape: [3], role: 'column' },
      ],
    });
  });
});

/** A .npz file of one array whose bytes are these, deflated. */
function archive(npy: Uint8Array, { name = 'a.npy', size = npy.length } = {}): Buffer {
  const data = deflateRawSync(npy);
  // Flags, method, time, date, checksum, sizes, the length of the name: the same in both headers.
  const facts = Buffer.alloc(24);
  facts.writeUInt16LE(8, 2);
  facts.writeUInt32LE(data.length, 12);
  facts.writeUInt32LE(size, 16);
  facts.writeUInt16LE(name.length, 20);
  const local = Buffer.concat([Buffer.from('PK\x03\x04\0\0'), facts, Buffer.from(name), data]);
  const zeros = Buffer.alloc(14);
  const listed = Buffer.concat([
    Buffer.from('PK\x01\x02\0\0\0\0'),
    facts,
    zeros,
    Buffer.from(name),
  ]);
  const ending = Buffer.alloc(22);
  ending.write('PK\x05\x06', 'latin1');
  ending.writeUInt16LE(1, 10);
  ending.writeUInt32LE(listed.length, 12);
  ending.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, listed, ending]);
}

function header(descr: string, shape: string, data: number): Buffer {
  const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`;
  const begin = Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1');
  begin.writeUInt16LE(text.length, 8);
  return Buffer.concat([begin, Buffer.from(text), Buffer.alloc(data)]);
}

describe('inspect refuses', () => {
  it.each([
    ['a.npy', Buffer.alloc(0), 'this is no .npy file'],
    ['a.npy', Buffer.from('PK\x03\x04'), 'this is no .npy file'],
    ['a.npy', header("'<f4'", '(2, 2)', 8), 'not as long as its shape says; got 8 bytes'],
    ['a.npy', header("'<f4'", '(9999999999, 9999999999)', 8), 'not as long as its shape says'],
    ['a.npy', header("'f4'", '(9999999999,)', 0), 'not as long as its shape says; got 0 bytes'],
    ['a.npy', header("'zz'", '(2,)', 8), 'of a type that is not known; got zz'],
    ['a.npy', header("'<f4x'", '(2,)', 8), 'of a type that is not known; got <f4x'],
    ['a.npy', header("'|Object'", '(2,)', 8), 'of a type that is not known'],
    ['a.npy', header("'<f4'", '(1 2,)', 8), 'not one of an array of numbers'],
    ['a.npy', header("'|O'", '(99999999999999999999,)', 8), 'not one of an array of numbers'],
    ['a.npy', header("'|O'", '(9999999999, 9999999999)', 8), 'not as long as its shape says'],
    ['a.npy', header("[('a', '<f4')]", '(2,)', 8), 'not one of an array of numbers'],
    ['a.npz', Buffer.alloc(0), 'got no list of what is in it'],
    ['a.npz', Buffer.alloc(100_000), 'got no list of what is in it'],
    ['a.npz', archive(header("'<f4'", '(2,)', 8), { name: 'data.pkl' }), 'expected arrays'],
    ['a.npz', archive(header("'<f4'", '(2,)', 8), { size: 4096 }), 'not as long as its shape says'],
    ['a.npz', archive(Buffer.alloc(2 ** 24)), 'numpy.savez(FILE'],
    ['a.npz', archive(Buffer.alloc(2 ** 24)), 'this is no .npy file'],
    ['a.parquet', Buffer.from('PAR1'), 'the Parquet file cannot be decoded'],
  ] as const)('%s, %#', async (name, bytes, sentence) => {
    await writeFile(at(name), bytes);
    expect(await refusalOf(inspect(at(name)))).toContain(sentence);
  });

  it('a list of more arrays than there may be, and one that points out of the file', async () => {
    const whole = archive(header("'<f4'", '(2,)', 8));
    const many = Buffer.from(whole);
    many.writeUInt16LE(65_535, whole.length - 12);
    await writeFile(at('many.npz'), many);
    expect(await refusalOf(inspect(at('many.npz')))).toContain('65535 arrays');
    const far = Buffer.from(whole);
    far.writeUInt32LE(2 ** 31, whole.length - 6);
    await writeFile(at('far.npz'), far);
    expect(await refusalOf(inspect(at('far.npz')))).toContain('it points out of itself');
  });

  // Of changed bytes, those of numbers, of names and of what pads a header are no matter of the heads.
  it.each(['v.npy', 'v.npz', 'packed.npz'])(
    '%s cut anywhere, and one in four of those with a byte changed',
    async (name) => {
      const whole = await readFile(at(name));
      const refused = { changed: 0, cut: 0 };
      let count = 0;
      for (let i = 0; i < whole.length; i += 3) {
        count += 1;
        const changed = Buffer.from(whole);
        changed[i] = (changed[i] ?? 0) ^ (i % 2 === 0 ? 0xff : 0x01);
        for (const [kind, bytes] of [
          ['changed', changed],
          ['cut', whole.subarray(0, i)],
        ] as const) {
          const path = at(`${kind}-${name}`);
          await writeFile(path, bytes);
          await inspect(path).catch((error: unknown) => {
            if (!(error instanceof LacunaError)) throw error;
            refused[kind] += 1;
          });
        }
      }
      expect(refused.cut).toBe(count);
      expect(refused.changed).toBeGreaterThan(count / 4);
    },
  );
});
