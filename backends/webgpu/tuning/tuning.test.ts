import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../lowering/kernel.js';
import { HARDWARE, SOFTWARE } from '../lowering/kernels/tiling.js';
import { isAllowed, productTilings, tilingText } from './candidates.js';
import { FORM, readTiling, tilingFile, writeTiling } from './tiling-file.js';

const folder = await mkdtemp(join(tmpdir(), 'lacuna-tiling-'));
const file = join(folder, 'cache', 'tilings.json');
afterAll(() => rm(folder, { recursive: true, force: true }));

const adapter = { description: 'a GPU', limits: DEFAULT_LIMITS, isSoftware: false };

describe('the ways to cut products', () => {
  it.each([
    ['hardware', HARDWARE.product],
    ['software', SOFTWARE.product],
  ])(
    'on %s all but the one in use fit the default limits as they are, and none comes twice',
    (_, inUse) => {
      const found = productTilings(inUse, DEFAULT_LIMITS);
      expect(found[0]).toBe(inUse);
      expect(found.length).toBeGreaterThan(5);
      expect(new Set(found.map(tilingText)).size).toBe(found.length);
      for (const tiling of found.slice(1)) expect(isAllowed(tiling, DEFAULT_LIMITS)).toBe(true);
    },
  );
});

describe('a measured tiling', () => {
  const tiling = { ...HARDWARE.product, registers: [8, 4] as const, depth: 8 };
  const keeps = (kept: unknown, form: unknown = FORM): string =>
    JSON.stringify({ 'a GPU': { form, tiling: kept } });

  it('is kept by adapter', async () => {
    await writeTiling('another GPU', SOFTWARE.product, file);
    await writeTiling('a GPU', tiling, file);
    expect(await readTiling(adapter, file)).toEqual(tiling);
    expect(await readTiling({ ...adapter, description: 'a third' }, file)).toBeUndefined();
    expect(Object.keys(JSON.parse(await readFile(file, 'utf8')))).toHaveLength(2);
  });

  it.each([
    ['no JSON', '{"a GPU": {'],
    ['another kind of file', '[]'],
    ['a tiling that is none', keeps({ lanes: [16, 16] })],
    ['a tiling without the form of its kernels', JSON.stringify({ 'a GPU': tiling })],
    ['a tiling of kernels of an earlier form', keeps(tiling, FORM - 1)],
    ['lanes that no kernel can have', keeps({ ...tiling, lanes: [3, 1e9] })],
    ['more lanes than the device has', keeps({ ...tiling, lanes: [64, 64] })],
    ['three stages', keeps({ ...tiling, stages: 3 })],
    ['two tiles where only one fits', keeps({ ...tiling, depth: 16 })],
    ['tiles of another kind of device', keeps(SOFTWARE.product)],
  ])('counts as not there where the file holds %s', async (_, text) => {
    const bad = join(folder, 'bad.json');
    await writeFile(bad, text);
    expect(await readTiling(adapter, bad)).toBeUndefined();
  });

  it('counts as not there where it has fewer lanes across than a quad', async () => {
    const software = { ...adapter, isSoftware: true };
    for (const [lanes, found] of [
      [SOFTWARE.product.lanes, true],
      [[4, 1] as const, false],
    ] as const) {
      await writeTiling('a GPU', { ...SOFTWARE.product, lanes }, file);
      expect((await readTiling(software, file)) !== undefined).toBe(found);
    }
  });

  it('lies where the environment says', () => {
    expect(tilingFile({ LACUNA_CACHE: '/x' })).toBe(join('/x', 'webgpu-tilings.json'));
    expect(tilingFile({ LACUNA_CACHE: '' })).toBeUndefined();
    expect(tilingFile({ XDG_CACHE_HOME: '/y' })).toBe(join('/y', 'lacuna', 'webgpu-tilings.json'));
  });
});
