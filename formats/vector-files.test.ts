import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeNpy } from './npy.js';
import { type NpySource, npyTexts, writeNpy } from './npy-file.js';
import { writeNpz } from './npz-file.js';
import { writeParquet } from './parquet-file.js';
import { SafetensorsFile, writeSafetensorsPieces } from './safetensors/safetensors-file.js';

let folder = '';
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-vector-files-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const ROWS = [
  [1, -0, 2 ** -140, 3.5],
  [0.1, 1e30, -7, Number.MAX_SAFE_INTEGER],
  [4, 5, 6, 7],
].map((row) => Float32Array.from(row));
const TEXTS = ['a/b.mp4', 'über 🎬', ''];

async function* rows(): AsyncGenerator<Float32Array> {
  yield* ROWS;
}
const vectors: NpySource = { type: '<f4', shape: [3, 4], pieces: rows };
const flat = Float32Array.from(ROWS.flatMap((row) => [...row]));

describe('a .npy file in pieces', () => {
  it('is read as it was written, and its header ends on a multiple of 64', async () => {
    const written = await writeNpy(at('a.npy'), vectors);
    const bytes = await readFile(at('a.npy'));
    expect(decodeNpy(bytes, 'a')).toEqual({ shape: [3, 4], values: flat });
    expect([written.bytes, (bytes.length - flat.byteLength) % 64]).toEqual([bytes.length, 0]);
  });

  it('of another size than its shape is refused', async () => {
    const wrong = writeNpy(at('wrong.npy'), { ...vectors, shape: [4, 4] });
    await expect(wrong).rejects.toThrow(
      'an array has another size than its file says; got 48 bytes, expected 64 of <f4 [4,4]',
    );
  });
});

describe('a .npz file', () => {
  it('has the bytes that NumPy 1.24 and unzip read as these arrays', async () => {
    await writeNpz(at('a.npz'), { vectors, ids: npyTexts(TEXTS) });
    const digest = createHash('sha256')
      .update(await readFile(at('a.npz')))
      .digest('hex');
    expect(digest).toBe('7ad1b2877b267078c7a550d594d7cef776ac322e4367f58e8728576053a3cdf0');
  });
});

describe('a Parquet file', () => {
  it('has texts and lists of floats, in groups', async () => {
    const texts = { ids: TEXTS, labels: [undefined, 'run', undefined] };
    const table = { name: 'vectors', width: 4, texts, metadata: { lacuna: '{}' }, rows };
    await writeParquet(at('a.parquet'), table);
    const bytes = await readFile(at('a.parquet'));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    expect(await parquetReadObjects({ file })).toEqual(
      ROWS.map((row, index) => ({
        ids: TEXTS[index],
        labels: texts.labels[index] ?? null,
        vectors: [...row],
      })),
    );
    expect(parquetMetadata(file).key_value_metadata).toEqual([{ key: 'lacuna', value: '{}' }]);
    const few = writeParquet(at('few.parquet'), { ...table, texts: { ids: ['one'] } });
    await expect(few).rejects.toThrow('the vectors do not fit their file; got 3 vectors');
    const many = writeParquet(at('many.parquet'), { ...table, texts: { ids: [...TEXTS, 'x'] } });
    await expect(many).rejects.toThrow('got 3 vectors, expected 4');
  });
});

describe('safetensors in pieces', () => {
  it('are read in pieces, too', async () => {
    const declared = [{ name: 'vectors', dtype: 'f32', shape: [3, 4] }] as const;
    await writeSafetensorsPieces(at('a.safetensors'), declared, rows, { note: 'x' });
    const file = await SafetensorsFile.open(at('a.safetensors'));
    try {
      expect((await file.read('vectors')).data).toEqual(flat);
      expect(await file.readElements('vectors', 3, 9)).toEqual(flat.slice(3, 9));
      await expect(file.readElements('vectors', 3, 13)).rejects.toThrow(
        'vectors: the tensor has no such elements; got 3 to 13, expected within 12',
      );
    } finally {
      await file.close();
    }
    const wrong = [{ name: 'vectors', dtype: 'f32', shape: [2, 4] }] as const;
    await expect(writeSafetensorsPieces(at('wrong'), wrong, rows)).rejects.toThrow(
      'vectors: a tensor has another size than its file says; got 12 elements, expected f32[2,4]',
    );
  });
});
