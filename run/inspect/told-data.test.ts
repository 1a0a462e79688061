import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refusalOf } from '../../core/testing/refusal.js';
import { SimilarityStore } from '../../data/similarity/similarity-store.js';
import { inspect } from './inspect.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lacuna-inspect-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('tells how similarity maps were made', async () => {
  const path = join(folder, 'maps');
  const teacher = { name: 'clip', digest: '0'.repeat(64) };
  await SimilarityStore.create(path, { teacher, form: 'dense', stride: 4, cells: 7 });
  expect(await inspect(path)).toMatchObject({
    kind: 'similarity maps',
    facts: { videos: 0, form: 'dense', stride: 4, cells: 7, teacher: 'clip' },
  });
});

it('tells what a stranger wrote there as text that is cut, or refuses it', async () => {
  const sweep = join(folder, 'sweep');
  await mkdir(sweep);
  await writeFile(join(sweep, 'table.md'), '');
  const rows = [{ name: 'x'.repeat(1000), cells: 'many' }, 7, { cells: [1] }];
  await writeFile(join(sweep, 'table.json'), JSON.stringify({ title: {}, seeds: [0], rows }));
  const names = Object.keys((await inspect(sweep)).facts);
  expect(names).toEqual([expect.stringMatching(/^row x{396}\.\.\.$/), 'row undefined']);
  await writeFile(join(sweep, 'table.json'), '[]');
  expect(await refusalOf(inspect(sweep))).toContain('this file is damaged');
});
