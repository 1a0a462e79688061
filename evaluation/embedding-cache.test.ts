import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cosines } from './cosines.js';
import { EmbeddingCache } from './embedding-cache.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-embeddings-'));
});
afterAll(() => rm(folder, { recursive: true }));

const rows = { width: 3, values: Float32Array.of(1, -0, 2 ** -149, 0.1, 5, -7.25) };

it('gives back what it keeps, bit for bit, by every part of the key', async () => {
  const cache = await EmbeddingCache.open(folder);
  const key = ['clip', 'model', 'digest', 4];
  expect(await cache.read(key)).toBeUndefined();
  await cache.write(key, rows);
  expect(await (await EmbeddingCache.open(folder)).read(key)).toEqual(rows);
  for (const at of key.keys()) {
    expect(await cache.read(key.with(at, 'another'))).toBeUndefined();
  }
  expect(cache.counts).toEqual({ found: 0, written: 1 });
});

it('has none where a file is damaged, cut, renamed, or holds no number', async () => {
  const cache = await EmbeddingCache.open(folder);
  const [name = ''] = await readdir(folder);
  const path = join(folder, name);
  const text = await readFile(path, 'utf8');
  const key = ['clip', 'model', 'digest', 4];
  for (const broken of ['', text.slice(0, -9), text.replace('"width": 3', '"width": 2'), '{}']) {
    await writeFile(path, broken);
    expect(await cache.read(key)).toBeUndefined();
  }
  await writeFile(path, text);
  expect(await cache.read(key)).toEqual(rows);
  await cache.write(['other'], rows);
  const other = (await readdir(folder)).find((each) => each !== name) ?? '';
  await rename(join(folder, other), path);
  expect(await cache.read(key)).toBeUndefined();
  await cache.write(key, { width: 2, values: Float32Array.of(1, Number.NaN) });
  expect(await cache.read(key)).toBeUndefined();
});

it('a matrix of cosines reads the same whether it is kept or computed again', () => {
  const unit = (angle: number): Float32Array => Float32Array.of(Math.cos(angle), Math.sin(angle));
  const texts = [0, 1, 2].map(unit);
  const videos = [0.5, 1.5].map(unit);
  const read = (kept: number): number[][] => {
    const matrix = cosines(texts, videos, { mostKept: kept });
    for (const _ of matrix.rows()) break; // a reading that ends early
    return [1, 2].flatMap(() => Array.from(matrix.rows(), (row) => [...row]));
  };
  expect(read(6)).toEqual(read(5));
  expect(read(6)[0]?.[0]).toBeCloseTo(Math.cos(0.5), 6);
});
